"""Torch modules for anyone's training loop."""
