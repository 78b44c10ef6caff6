"""The connection that a recipe asks for between two populations."""

from __future__ import annotations

import torch

from neurodeploy.nn.delay_linear import DelayLinear
from neurodeploy.nn.dense import Dense
from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.nn.temporal_conv import TemporalConv
from neurodeploy.recipe import ProjectionKeys


def connect(
    recipe: ProjectionKeys,
    n_sources: int,
    n_targets: int,
    *,
    gain: float,
    generator: torch.Generator,
    taps: tuple[int, int] | None,
) -> SynapticLayer:
    """Make the connection that a recipe asks for.

    Parameters
    ----------
    recipe
        Its projection.
    n_sources, n_targets
        Neurons on either side.
    gain
        Factor on the initial weights.
    generator
        Where the numbers come from.
    taps
        Taps and dilation of the convolution into this layer; None for the readout, which has every synapse
        and neither taps nor (unless ``readout_delays``) delays.
    """
    readout = taps is None
    density = 1.0 if readout else recipe.density
    if has_delays(recipe, readout=readout):
        return DelayLinear(
            n_sources,
            n_targets,
            max_delay_steps=recipe.max_delay_steps,
            min_delay_steps=recipe.min_delay_steps,
            learn=recipe.mode == "learned",
            init=recipe.delay_init,
            kernel=recipe.kernel,
            sigma_steps=recipe.sigma_first,
            density=density,
            gain=gain,
            generator=generator,
        )
    if recipe.kind == "convolution" and taps is not None:
        return TemporalConv(
            n_sources, n_targets, n_taps=taps[0], dilation=taps[1], density=density, gain=gain,
            generator=generator,
        )  # fmt: skip
    return Dense(n_sources, n_targets, density=density, gain=gain, generator=generator)


def has_delays(recipe: ProjectionKeys, *, readout: bool) -> bool:
    """Say whether a projection has delays, into a hidden layer or into the readout."""
    return recipe.kind == "delays" and recipe.mode != "none" and (recipe.readout_delays or not readout)
