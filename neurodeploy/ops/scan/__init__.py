"""Neurons over whole sequences: fast scans and their definitions."""
