"""The bundle: what an export leaves behind."""
