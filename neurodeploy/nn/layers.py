"""Connections between populations as they are trained: weights, delays, taps and masks."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from neurodeploy.ops.delays.bell import gaussian_kernel
from neurodeploy.ops.delays.projection import delayed_projection, dilated_projection, tap_projection
from neurodeploy.recipe import Projection
from neurodeploy.units import round_nearest


class Connection(nn.Module):
    """Synapses from one population to the next, ``[tap, target, source]``, without delays.

    Parameters
    ----------
    n_sources, n_targets
        Neurons on either side.
    gain
        Factor on the initial weights, see :meth:`initial_weight`.
    density
        Fraction of the sources that each target listens to; which ones is drawn once.
    generator
        Where the numbers come from.
    n_taps
        Synapses from one source to one target.
    """

    weight: nn.Parameter
    mask: Tensor | None

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        *,
        gain: float,
        density: float,
        generator: torch.Generator,
        n_taps: int = 1,
    ) -> None:
        super().__init__()
        shape = (n_taps, n_targets, n_sources)
        fan_in = n_taps * n_sources
        mask = None
        if density < 1.0:
            fan_in = max(1, int(round_nearest(density * n_sources))) * n_taps
            order = torch.rand(n_taps * n_targets, n_sources, generator=generator).argsort(dim=1)
            mask = (order < fan_in // n_taps).view(shape).float()
        self.register_buffer("mask", mask)
        weight = self.initial_weight(shape, fan_in, gain, generator)
        self.weight = nn.Parameter(weight if mask is None else weight * mask)

    @staticmethod
    def initial_weight(
        shape: tuple[int, int, int], fan_in: int, gain: float, generator: torch.Generator
    ) -> Tensor:
        """Draw weights uniformly with variance ``gain**2 * 2 / fan_in`` (Kaiming's, for rectified units)."""
        bound = gain * math.sqrt(6.0 / fan_in)
        return (2.0 * torch.rand(shape, generator=generator) - 1.0) * bound

    def synapses(self) -> Tensor:
        """Give the weights ``[tap, target, source]``, zero where there is no synapse."""
        return self.weight if self.mask is None else self.weight * self.mask

    def delay_steps(self) -> NDArray[np.int64]:
        """Give the whole delays of the evaluation, in steps, ``[tap, target, source]``."""
        return np.zeros(tuple(self.weight.shape), dtype=np.int64)

    def forward(self, x: Tensor) -> Tensor:
        """Turn spikes ``[step, batch, source]`` into input currents ``[step, batch, target]``."""
        return functional.linear(x, self.synapses()[0])

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the delay kernels, in steps; nothing without delays."""

    def clamp(self) -> None:
        """Bring parameters back into their range after a step of the optimiser; nothing without delays."""


class FixedDelays(Connection):
    """Synapses with one whole random delay each, which stays as drawn."""

    steps: Tensor

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        recipe: Projection,
        *,
        gain: float,
        density: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(n_sources, n_targets, gain=gain, density=density, generator=generator)
        drawn = initial_delay(tuple(self.weight.shape), recipe, generator)
        self.n_slots = recipe.max_delay_steps + 1
        self.register_buffer("steps", torch.from_numpy(round_nearest(drawn.numpy())))

    def delay_steps(self) -> NDArray[np.int64]:
        """Give the delays."""
        return self.steps.cpu().numpy()

    def forward(self, x: Tensor) -> Tensor:
        """Turn spikes into input currents."""
        return whole_delays(x, self.synapses(), self.steps, self.n_slots)


class LearnedDelays(Connection):
    """Synapses with one learned delay each: a kernel around it in training, a whole step at evaluation.

    Attributes
    ----------
    delay
        In steps, ``shortest`` to ``n_slots - 1``; kept there by :meth:`clamp`.
    sigma
        Width of the kernel, in steps; set by the schedule.

    Notes
    -----
    DCLS, arXiv 2306.17670. At evaluation delays are rounded as :func:`neurodeploy.units.round_nearest` does.
    """

    sigma: Tensor

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        recipe: Projection,
        *,
        gain: float,
        density: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(n_sources, n_targets, gain=gain, density=density, generator=generator)
        self.n_slots = recipe.max_delay_steps + 1
        self.shortest = recipe.min_delay_steps
        self.shape = recipe.kernel
        self.delay = nn.Parameter(initial_delay(tuple(self.weight.shape), recipe, generator))
        self.register_buffer("sigma", torch.tensor(float(recipe.sigma_first)))

    def delay_steps(self) -> NDArray[np.int64]:
        """Give the delays, rounded to the nearest step."""
        return round_nearest(self.delay.detach().cpu().numpy())

    def forward(self, x: Tensor) -> Tensor:
        """Turn spikes into input currents."""
        if self.training:
            kernel = gaussian_kernel(
                self.synapses()[0], self.delay[0], float(self.sigma), self.n_slots, shape=self.shape
            )
            return delayed_projection(x, kernel)
        steps = torch.from_numpy(self.delay_steps()).to(x.device)
        return whole_delays(x, self.synapses(), steps, self.n_slots)

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the kernel, in steps."""
        self.sigma.fill_(sigma)

    def clamp(self) -> None:
        """Bring the delays back into ``shortest`` to ``n_slots - 1``."""
        with torch.no_grad():
            self.delay.clamp_(float(self.shortest), float(self.n_slots - 1))


class Convolution(Connection):
    """A temporal convolution: tap k arrives ``k * dilation`` steps later, every tap has its own weights."""

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        *,
        n_taps: int,
        dilation: int,
        gain: float,
        density: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(n_sources, n_targets, gain=gain, density=density, generator=generator, n_taps=n_taps)
        self.dilation = dilation

    def delay_steps(self) -> NDArray[np.int64]:
        """Give ``k * dilation`` for tap k."""
        steps = np.arange(self.weight.shape[0], dtype=np.int64) * self.dilation
        return np.broadcast_to(steps[:, None, None], tuple(self.weight.shape)).copy()

    def forward(self, x: Tensor) -> Tensor:
        """Turn spikes into input currents."""
        return dilated_projection(x, self.synapses(), self.dilation)


def whole_delays(x: Tensor, weight: Tensor, steps: Tensor, n_slots: int) -> Tensor:
    """Project through one tap with whole delays: exactly in float64, through the fast path in float32.

    float64 is what a deployed network is compared with, so spikes meet weights there and nothing else; a
    Fourier transform would add rounding of its own.
    """
    if x.dtype == torch.float64:
        return tap_projection(x, weight, steps)
    kernel = gaussian_kernel(weight[0], steps[0].to(weight), 0.0, n_slots)
    return delayed_projection(x, kernel)


def initial_delay(shape: tuple[int, ...], recipe: Projection, generator: torch.Generator) -> Tensor:
    """Draw delays before training, in steps: uniform over the range, all the shortest, or all middle."""
    shortest, longest = float(recipe.min_delay_steps), float(recipe.max_delay_steps)
    if recipe.delay_init == "uniform":
        return shortest + torch.rand(shape, generator=generator) * (longest - shortest)
    return torch.full(shape, shortest if recipe.delay_init == "zero" else (shortest + longest) / 2.0)


def connect(
    recipe: Projection,
    n_sources: int,
    n_targets: int,
    *,
    gain: float,
    generator: torch.Generator,
    taps: tuple[int, int] | None,
) -> Connection:
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
    if recipe.kind == "delays" and recipe.mode != "none" and (recipe.readout_delays or not readout):
        kind = LearnedDelays if recipe.mode == "learned" else FixedDelays
        return kind(n_sources, n_targets, recipe, gain=gain, density=density, generator=generator)
    if recipe.kind == "convolution" and taps is not None:
        return Convolution(
            n_sources, n_targets, n_taps=taps[0], dilation=taps[1], gain=gain, density=density,
            generator=generator,
        )  # fmt: skip
    return Connection(n_sources, n_targets, gain=gain, density=density, generator=generator)
