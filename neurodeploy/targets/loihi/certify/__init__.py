"""Certify that a program is a legal rounding of a network; shares no code with ``lower``."""
