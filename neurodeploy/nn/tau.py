"""Time constants of a layer while it is trained: their spread, and learning them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

MAX_LEARNED_ALPHA = 0.999
"""Largest dt/tau a learned tau can start at: 1 would be an infinite theta."""


def spread(
    tau_s: float, size: int, *, relative_sd: float, dt_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a layer's time constants from a normal distribution around ``tau_s``, at least ``dt_s``.

    Parameters
    ----------
    tau_s
        Mean, in seconds.
    size
        Number of neurons.
    relative_sd
        Standard deviation as a part of ``tau_s``; 0 gives equal time constants.
    dt_s
        Lower limit (Euler), in seconds.
    rng
        Where the numbers come from.
    """
    return np.maximum(tau_s * (1.0 + relative_sd * rng.standard_normal(size)), dt_s)


class TimeConstants(nn.Module):
    """Membrane time constants of one layer, fixed or learned.

    Learned time constants are held as ``theta`` with ``dt/tau = sigmoid(theta)``, which keeps tau above dt
    whatever the optimiser does, and moves tau by a part of itself at each step of Adam.

    Parameters
    ----------
    tau_s
        ``[neuron]``, in seconds, all at least ``dt_s``.
    dt_s
        Length of one step, in seconds.
    learn
        ``fixed``; ``layer``: one theta, added to every neuron's own starting point, so that a spread within
        the layer stays; ``neuron``: one theta for each.
    exact
        Fixed ones are settings in float64 and no part of ``state_dict``, instead of a buffer in float32.
    """

    tau_s: Tensor
    offset: Tensor

    def __init__(
        self, tau_s: NDArray[np.float64], dt_s: float, learn: str = "fixed", *, exact: bool = False
    ) -> None:
        super().__init__()
        self.dt_s = dt_s
        self.learn = learn
        self.exact_s = tau_s.astype(np.float64) if exact and learn == "fixed" else None
        if self.exact_s is not None:
            return
        self.register_buffer("tau_s", torch.from_numpy(tau_s.astype(np.float64)).float())
        if learn != "fixed":
            alpha = np.minimum(dt_s / tau_s, MAX_LEARNED_ALPHA)
            theta = torch.from_numpy(np.log(alpha / (1.0 - alpha))).float()
            if learn == "layer":
                self.theta = nn.Parameter(theta.mean().reshape(1))
                self.register_buffer("offset", theta - theta.mean())
            else:
                self.theta = nn.Parameter(theta)
                self.register_buffer("offset", torch.zeros_like(theta))

    def alpha(self) -> Tensor:
        """Give ``dt/tau`` for each neuron, in (0, 1]."""
        if self.exact_s is not None:
            return torch.from_numpy(self.dt_s / self.exact_s)  # a scan takes it in its input's type and place
        if self.learn == "fixed":
            return self.dt_s / self.tau_s
        return torch.sigmoid(self.theta + self.offset)

    def seconds(self) -> NDArray[np.float64]:
        """Give the time constants as they are now, ``[neuron]``, in seconds."""
        if self.exact_s is not None:
            return self.exact_s.copy()
        if self.learn == "fixed":
            return self.tau_s.detach().cpu().double().numpy()
        # Summed in float64, as the float64 network does that a deployment is compared with.
        theta = self.theta.detach().cpu().double() + self.offset.cpu().double()
        with np.errstate(divide="ignore"):  # a training that diverges makes them infinite
            return np.asarray(self.dt_s / torch.sigmoid(theta).numpy())
