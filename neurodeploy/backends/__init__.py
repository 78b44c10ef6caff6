"""Backends: compile a program for a target and run it there; found through entry points."""
