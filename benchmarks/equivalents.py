"""Mutants of the simulators that compute the same, each with the proof."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
