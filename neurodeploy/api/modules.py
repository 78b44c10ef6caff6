"""Take a user's own torch or Norse module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.api.given import Spikes
from neurodeploy.data.samples import Samples
from neurodeploy.files.paths import existing
from neurodeploy.graph.observed import Observed

if TYPE_CHECKING:
    from neurodeploy.frameworks.read_module import Module


def from_module(
    module: Module,
    samples: Spikes,
    *,
    dt_s: float,
    input_shape: Sequence[int] | None = None,
    input_max: int = 1,
    score: str | None = None,
    name: str | None = None,
) -> Observed:
    """Make a network of your own module, and hold it against what the module itself does.

    A copy is run on the samples in float64 and in evaluation; the module stays as it is, in its mode. The
    network is compared with it spike by spike, as P1 does again in every bundle that is exported of it.

    Parameters
    ----------
    module
        ``norse.torch.SequentialState`` or ``torch.nn.Sequential``, also nested, of Norse's ``LIFBoxCell``,
        ``LIFCell``, ``LIF``, ``LIFRecurrentCell``, ``LIFRecurrent``, ``LIBoxCell``, ``LICell``, ``LI``,
        ``LILinearCell`` and ``Lift``; of torch's ``Linear``, ``Conv1d``, ``Conv2d``, ``BatchNorm1d``,
        ``BatchNorm2d`` (folded), average pools, ``LPPool`` of norm 1 (sums), ``Flatten``, ``Unflatten``,
        ``Dropout`` and ``Identity``; and of ``nd.nn``. Cells take one step and their state, the others
        ``[step, batch, ...]``; what a module mixes is refused. Weights at the end become leaky integrators of
        tau = dt, whose v is the weighted sum.
    samples
        Samples, an array ``[sample, step, source]`` of whole numbers, or an npz of them.
    dt_s
        Length of a step in seconds; every layer must have been built with it.
    input_shape
        Shape of one step without batch, as ``(channels, height, width)``, where it is not a row of sources.
    input_max
        The largest input value of a step.
    score
        How it decides: ``softmax_sum`` (by default, of v), ``last``, ``max``, ``per_step`` or ``spike_count``
        (by default, of neurons that spike).
    name
        Of the network; the module's type by default.

    Returns
    -------
    Observed
        ``graph``, ``samples``, and the ``traces`` of the module on the first of them.

    Raises
    ------
    NeurodeployError
        ND140 a part of the module cannot be represented, with its path and the reason; ND141 a layer of
        another dt; ND142 the module fails; ND143 an input shape that does not fit; ND010 to ND015 samples
        that mean nothing; ND1xx parameters that mean nothing; ND470 the network computes something else.
    """
    from neurodeploy.frameworks.read_module import from_module
    from neurodeploy.verify.levels import refuse_unequal

    if isinstance(samples, str | Path):
        given = Samples.from_npz(existing(samples), maximum=input_max)
    elif isinstance(samples, Samples):
        given = Samples(samples.spikes, samples.labels, samples.mask, maximum=input_max)
    else:
        array: Any = samples
        given = Samples(array, maximum=input_max)
    shape = None if input_shape is None else tuple(input_shape)
    found = from_module(
        module, given, dt_s=dt_s, input_shape=shape, input_max=input_max, score=score, name=name
    )
    refuse_unequal(found)
    return found
