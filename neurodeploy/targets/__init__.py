"""Targets: chips and runtimes behind one protocol, found through entry points."""
