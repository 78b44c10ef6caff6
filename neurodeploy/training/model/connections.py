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


def connect_back(
    recipe: ProjectionKeys, size: int, *, gain: float, generator: torch.Generator
) -> tuple[SynapticLayer, int]:
    """Make the connection of a hidden layer to itself, and say how many steps every spike takes at least.

    Parameters
    ----------
    recipe, gain, generator
        As for :func:`connect`.
    size
        Neurons of the layer.

    Returns
    -------
    tuple[SynapticLayer, int]
        The connection, whose delays begin at the shortest recurrent one, and that one, in steps.
    """
    if not has_delays(recipe, recurrent=True):
        return Dense(size, size, density=recipe.density, gain=gain, generator=generator), 1
    shortest, longest = recurrent_range(recipe)
    back = DelayLinear(
        size,
        size,
        max_delay_steps=longest - shortest,
        learn=recipe.mode == "learned",
        init=recipe.delay_init,
        kernel=recipe.kernel,
        sigma_steps=recipe.sigma_first,
        density=recipe.density,
        gain=gain,
        generator=generator,
    )
    return back, shortest


def recurrent_range(recipe: ProjectionKeys) -> tuple[int, int]:
    """Give the shortest and the longest recurrent delay, in steps: as the others, but at least 1."""
    shortest = max(1, recipe.min_delay_steps)
    return shortest, max(shortest, recipe.max_delay_steps)


def has_delays(recipe: ProjectionKeys, *, readout: bool = False, recurrent: bool = False) -> bool:
    """Say whether a projection has delays: into a hidden layer, into the readout, or to a layer itself."""
    wanted = (recipe.readout_delays or not readout) and (recipe.recurrent_delays or not recurrent)
    return recipe.kind == "delays" and recipe.mode != "none" and wanted
