"""Sets of samples and where they come from; no torch."""
