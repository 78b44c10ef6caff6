"""Fast operators and their readable definitions; they know no recipe."""
