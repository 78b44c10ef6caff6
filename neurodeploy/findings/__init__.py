"""Findings: what is wrong, where, what is allowed, what to do; and what every code means."""
