"""NIR files: reading them into a Graph and writing a Graph as one."""
