"""Neurons over whole sequences: fast scans and their definitions."""

from neurodeploy.ops.scan.recurrence import recurrent_scan
from neurodeploy.ops.scan.scans import li_scan, lif_box_scan, lif_scan

__all__ = ["li_scan", "lif_box_scan", "lif_scan", "recurrent_scan"]
