"""BatchNorm over batch and time whose statistics span every process of a data-parallel run."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from neurodeploy.training.world import World


class _Normalise(torch.autograd.Function):
    """``(x - mean) / sqrt(var + eps)`` with statistics over the rows of all processes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float, world: World) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        sums = torch.cat([x.sum(dim=0), x.new_full((1,), float(x.shape[0]))])
        world.sum_(sums)
        n = sums[-1]
        mean = sums[:-1] / n
        centred = x - mean
        var = world.sum_(centred.square().sum(dim=0)) / n
        inverse = (var + eps).rsqrt()
        y = centred * inverse
        ctx.save_for_backward(y, inverse, n)
        ctx.world = world
        ctx.mark_non_differentiable(mean, var, n)
        return y, mean, var, n

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        y, inverse, n = ctx.saved_tensors
        g = gradients[0]
        sums = torch.stack([g.sum(dim=0), (g * y).sum(dim=0)])
        ctx.world.sum_(sums)
        return inverse * (g - sums[0] / n - y * (sums[1] / n)), None, None


class BatchNorm(nn.Module):
    """Normalise each neuron's input over batch and time; running statistics at evaluation, so that it folds.

    Parameters
    ----------
    size
        Number of neurons.
    scale
        Initial value of ``weight``.
    eps, momentum
        As in :class:`torch.nn.BatchNorm1d`; the running variance takes the unbiased estimate.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, size: int, *, scale: float = 1.0, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.full((size,), scale))
        self.bias = nn.Parameter(torch.zeros(size))
        self.register_buffer("running_mean", torch.zeros(size))
        self.register_buffer("running_var", torch.ones(size))

    def forward(self, x: Tensor, world: World, gain: Tensor | None = None) -> Tensor:
        """Normalise ``[step, batch, neuron]``; ``gain`` ``[neuron]`` multiplies the result.

        One process takes PyTorch's fused kernel, several the plain form above: the same function.
        """
        weight: Tensor = self.weight if gain is None else self.weight * gain
        bias: Tensor = self.bias if gain is None else self.bias * gain
        rows = x.reshape(-1, x.shape[-1])
        if not self.training or world.size == 1:
            y = functional.batch_norm(
                rows, self.running_mean, self.running_var, weight, bias,
                self.training, self.momentum, self.eps,
            )  # fmt: skip
            return y.view_as(x)
        y, mean, var, n = _Normalise.apply(rows, self.eps, world)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (n / (n - 1.0)), self.momentum)
        return (y * weight + bias).view_as(x)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Give scale and shift of the evaluation, ``x * scale + shift``, each ``[neuron]``, in float64."""
        std = (self.running_var.detach().double() + self.eps).sqrt()
        scale = self.weight.detach().double() / std
        return scale, self.bias.detach().double() - self.running_mean.double() * scale
