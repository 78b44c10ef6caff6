"""Grids of settings over seeds: jobs, workers, tables."""
