"""The rival of ``train_step.py``: one training step of the published architecture with learned delays.

Restated from arXiv 2306.17670 and its public code (Thvnvtos/SNN-delays) with the packages it names,
spikingjelly 0.0.0.0.14 and DCLS 0.1.1, in their own environment. It answers requests on its standard input.
"""

from __future__ import annotations

import argparse
import itertools
import math

import torch
from DCLS.construct.modules import Dcls1d
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn
from train_step_worker import SHAPE, make_batch, serve


class Rival(nn.Module):
    """Three delayed layers; each lengthens time by half a kernel, as published."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (SHAPE.n_in, SHAPE.n_hidden, SHAPE.n_hidden, SHAPE.n_out)
        self.delays = nn.ModuleList(
            Dcls1d(a, b, 1, dilated_kernel_size=SHAPE.n_slots, bias=False, version="gauss")
            for a, b in itertools.pairwise(sizes)
        )
        self.norms = nn.ModuleList(layer.BatchNorm1d(size, step_mode="m") for size in sizes[1:-1])
        self.neurons = nn.ModuleList(self._neurons(threshold) for threshold in (1.0, 1.0, 1e9))
        self.drop = layer.Dropout(SHAPE.dropout, step_mode="m")
        half = SHAPE.n_slots / 2
        for delayed in self.delays:
            nn.init.kaiming_uniform_(delayed.weight, nonlinearity="relu")
            nn.init.uniform_(delayed.P, -half, half)
            delayed.clamp_parameters()
            delayed.SIG.requires_grad_(False)

    @staticmethod
    def _neurons(threshold: float) -> neuron.LIFNode:
        return neuron.LIFNode(
            tau=SHAPE.tau_steps,
            v_threshold=threshold,
            surrogate_function=surrogate.ATan(alpha=5.0),
            detach_reset=True,
            step_mode="m",
            decay_input=False,
            store_v_seq=True,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Give the readout's voltages, [step, batch, class], for spikes [step, batch, source]."""
        padding = (SHAPE.n_slots - 1, (SHAPE.n_slots - 1) // 2)
        for index, delayed in enumerate(self.delays):
            x = delayed(nn.functional.pad(x.permute(1, 2, 0), padding)).permute(2, 0, 1)
            if index < len(self.norms):
                x = self.norms[index](x.unsqueeze(3)).squeeze(3)
                x = self.drop(self.neurons[index](x))
        self.neurons[-1](x)
        return self.neurons[-1].v_seq


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--flush", action="store_true", help="flush subnormal numbers")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.flush:
        torch.set_flush_denormal(True)
    torch.manual_seed(0)
    model = Rival()
    x, y = make_batch(options.batch)
    target = nn.functional.one_hot(y, SHAPE.n_out).float()
    positions = [delayed.P for delayed in model.delays]
    weights = [delayed.weight for delayed in model.delays]
    others = [p for norm in model.norms for p in norm.parameters()]
    optimisers = [
        torch.optim.Adam([{"params": weights, "weight_decay": 1e-5}, {"params": others}], lr=1e-3),
        torch.optim.Adam(positions, lr=0.1),
    ]

    def step(sigma: float) -> float:
        with torch.no_grad():
            for delayed in model.delays:
                delayed.SIG.fill_(sigma - 0.27)
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x).softmax(2).sum(0), target)
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        functional.reset_net(model)
        for delayed in model.delays:
            delayed.clamp_parameters()
        value = loss.item()
        assert math.isfinite(value)
        return value

    serve(step)


if __name__ == "__main__":
    main()
