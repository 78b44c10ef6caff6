"""Figures for notebooks and reports: each function draws into ``ax``, or a new one, and returns it."""

from neurodeploy.plot.confusion import confusion
from neurodeploy.plot.constants_of_time import tau_spectrum
from neurodeploy.plot.delay_histogram import delay_histogram
from neurodeploy.plot.membrane import membrane
from neurodeploy.plot.spike_raster import raster
from neurodeploy.plot.waterfall import ladder
from neurodeploy.plot.weight_pictures import weight_grid, weight_matrix

__all__ = [
    "confusion",
    "delay_histogram",
    "ladder",
    "membrane",
    "raster",
    "tau_spectrum",
    "weight_grid",
    "weight_matrix",
]
