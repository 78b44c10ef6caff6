"""The names of a bundle's files, each once; the names of a target's own files belong to the target."""

from __future__ import annotations

MANIFEST = "manifest.json"
"""What the bundle is, and the sha256 of every other file."""

MODEL = "model.nir"
"""The float network, delays in seconds."""

SAMPLES = "samples.npz"
"""Sets of held-out inputs with labels."""

GOLDEN = "golden.npz"
"""A few inputs, and what the trained network and the integers did with them at export."""

OWN = (MODEL, SAMPLES, GOLDEN)
"""What every bundle's manifest lists, whatever the target."""
