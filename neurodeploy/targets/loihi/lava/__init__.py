"""Lava, in an environment of its own: installed, run and supervised from here."""
