"""Synapses with delays, learned or fixed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.ops.delays.bell import gaussian_kernel
from neurodeploy.ops.delays.projection import delayed_projection, tap_projection
from neurodeploy.units import round_nearest

MODES = ("synaptic", "axonal", "dendritic")
INITS = ("uniform", "zero", "middle")


class DelayLinear(SynapticLayer):
    """Synapses with one delay each: a kernel around it in training, a whole step at evaluation.

    Parameters
    ----------
    n_sources, n_targets
        Neurons on either side.
    max_delay_steps, min_delay_steps
        Range of the delays, in steps; slot 0 does not delay.
    learn
        Whether the delays are trained. Fixed ones are whole and stay as drawn.
    mode
        ``"synaptic"``: a delay for each synapse; ``"axonal"``: one for each source; ``"dendritic"``: one for
        each target.
    init
        Delays before training: ``"uniform"`` over the range, ``"zero"`` (all the shortest) or ``"middle"``.
    kernel
        Shape that stands for a delay while it is trained: ``"gauss"`` or ``"triangle"``.
    sigma_steps
        First width of the kernel, see :func:`~neurodeploy.ops.delays.bell.gaussian_kernel`; half of
        ``max_delay_steps`` by default. :meth:`narrow` makes it smaller as training goes on.
    density, gain, generator
        As for :class:`~neurodeploy.nn.synaptic_layer.SynapticLayer`.

    Attributes
    ----------
    delay
        Learned delays, in steps: ``[1, target, source]``, ``[1, 1, source]`` (axonal) or ``[1, target, 1]``
        (dendritic). :meth:`clamp` keeps them in their range: call it after each optimiser step.
    sigma
        Width of the kernel, in steps.
    steps
        Fixed delays, int64, in the shape of ``delay``.

    Notes
    -----
    DCLS, arXiv 2306.17670. At evaluation delays are rounded as :func:`neurodeploy.units.round_nearest` does.
    """

    delay: nn.Parameter
    sigma: Tensor
    steps: Tensor

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        *,
        max_delay_steps: int,
        min_delay_steps: int = 0,
        learn: bool = True,
        mode: str = "synaptic",
        init: str = "uniform",
        kernel: str = "gauss",
        sigma_steps: float | None = None,
        density: float = 1.0,
        gain: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        _check(max_delay_steps, min_delay_steps, mode, init)
        super().__init__(n_sources, n_targets, density=density, gain=gain, generator=generator)
        self.n_slots = max_delay_steps + 1
        self.shortest = min_delay_steps
        self.learn = learn
        self.first_sigma = float(max_delay_steps / 2 if sigma_steps is None else sigma_steps)
        self.mode = mode
        self.kernel = kernel
        shape = (
            1,
            1 if mode == "axonal" else n_targets,
            1 if mode == "dendritic" else n_sources,
        )
        drawn = initial_delay(shape, min_delay_steps, max_delay_steps, init=init, generator=generator)
        if not learn:
            self.register_buffer("steps", whole(drawn))
            return
        self.delay = nn.Parameter(drawn)
        self.register_buffer("sigma", torch.tensor(self.first_sigma))

    def extra_repr(self) -> str:
        """Give sizes and delays, for ``repr``."""
        kind = "learned" if self.learn else "fixed"
        return f"{super().extra_repr()}, {kind} {self.mode} delays {self.shortest}..{self.n_slots - 1} steps"

    def delay_steps(self) -> NDArray[np.int64]:
        """Give the delays ``[1, target, source]``, rounded to the nearest step."""
        steps = round_nearest(self.delay.detach().cpu().numpy()) if self.learn else self.steps.cpu().numpy()
        return np.broadcast_to(steps, tuple(self.weight.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Turn a sequence of spikes ``[step, batch, source]`` into currents ``[step, batch, target]``."""
        if self.learn and self.training:
            return delayed_projection(x, self.slots())
        steps = torch.from_numpy(np.array(self.delay_steps())).to(x.device)
        return whole_delays(x, self.synapses(), steps, self.n_slots)

    def slots(self) -> Tensor:
        """Give the kernel ``[slot, source, target]``: wide in training, one slot a synapse at evaluation."""
        weight = self.synapses()[0]
        if self.learn and self.training:
            delay = self.delay[0].expand_as(weight)
            return gaussian_kernel(weight, delay, self.width, self.n_slots, shape=self.kernel)
        steps = torch.from_numpy(np.array(self.delay_steps()[0])).to(weight)
        return gaussian_kernel(weight, steps, 0.0, self.n_slots)

    @property
    def width(self) -> float:
        """Width of the kernel as a number, in steps; 0 where delays are fixed."""
        if not self.learn:
            return 0.0
        return self.first_sigma if self.sigma.is_meta else float(self.sigma)

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the kernel, in steps; fixed delays have none."""
        if self.learn:
            self.sigma.fill_(sigma)

    def narrow(
        self, progress: float, *, end: float = 0.5, over: float = 0.25, schedule: str = "exponential"
    ) -> None:
        """Set the width of the kernel for a point of the training; call it before each epoch.

        Parameters
        ----------
        progress
            How much of the training is done, 0 to 1.
        end
            Width at the end of the schedule, in steps; it begins at ``sigma_steps``.
        over
            Fraction of the training over which the kernel narrows, above 0.
        schedule
            ``"exponential"`` or ``"linear"``.
        """
        part = min(1.0, progress / over)
        start = max(self.first_sigma, end)
        self.set_sigma(sigma_at(part, start=start, end=end, schedule=schedule))

    def clamp(self) -> None:
        """Bring learned delays back into their range."""
        if self.learn:
            with torch.no_grad():
                self.delay.clamp_(float(self.shortest), float(self.n_slots - 1))


def whole_delays(x: Tensor, weight: Tensor, steps: Tensor, n_slots: int) -> Tensor:
    """Project through one tap with whole delays: exactly in float64, through the fast path in float32.

    float64 is what a deployed network is compared with, so spikes meet weights there and nothing else; a
    Fourier transform would add rounding of its own.
    """
    if x.dtype == torch.float64:
        return tap_projection(x, weight, steps)
    kernel = gaussian_kernel(weight[0], steps[0].to(weight), 0.0, n_slots)
    return delayed_projection(x, kernel)


def sigma_at(part: float, *, start: float, end: float, schedule: str) -> float:
    """Give the width of a kernel at a part (0 to 1) of its schedule, ``"exponential"`` or ``"linear"``."""
    if schedule == "linear":
        return start + (end - start) * part
    if schedule == "exponential":
        return float(start * (end / start) ** part)
    raise ValueError(f"schedule is 'exponential' or 'linear', not {schedule!r}")


def whole(delay: Tensor) -> Tensor:
    """Round delays of at least 0 to the nearest step, ties up, on any device."""
    return torch.floor(delay.detach().double() + 0.5).long()


def initial_delay(
    shape: tuple[int, ...],
    min_delay_steps: int,
    max_delay_steps: int,
    *,
    init: str = "uniform",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw delays before training, in steps: uniform over the range, all the shortest, or all middle."""
    shortest, longest = float(min_delay_steps), float(max_delay_steps)
    if init == "uniform":
        return shortest + torch.rand(shape, generator=generator) * (longest - shortest)
    return torch.full(shape, shortest if init == "zero" else (shortest + longest) / 2.0)


def _check(longest: int, shortest: int, mode: str, init: str) -> None:
    """Refuse arguments that have no meaning."""
    if not 0 <= shortest <= longest:
        raise ValueError(f"delays run from 0 <= min to max, not from {shortest} to {longest}")
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if init not in INITS:
        raise ValueError(f"init is one of {', '.join(INITS)}, not {init!r}")
