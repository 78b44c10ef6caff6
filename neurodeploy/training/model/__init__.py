"""The network that a recipe describes."""
