"""The commands of the program, one file a command or a family; each reads arguments and calls the library."""
