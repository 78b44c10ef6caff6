"""Epochs, losses, schedules and checkpoints."""
