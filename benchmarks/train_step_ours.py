"""Our side of ``train_step.py``: one training step made of the project's operators."""

from __future__ import annotations

import argparse
import itertools

import torch
from torch import Tensor, nn
from train_step_worker import SHAPE, make_batch, serve

from neurodeploy.ops.delays.bell import gaussian_kernel
from neurodeploy.ops.delays.projection import delayed_projection
from neurodeploy.ops.scan.scans import li_scan, lif_box_scan
from neurodeploy.ops.threads import prepare_threads


class Ours(nn.Module):
    """The same layers, weights, loss and optimiser; time keeps its length."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (SHAPE.n_in, SHAPE.n_hidden, SHAPE.n_hidden, SHAPE.n_out)
        pairs = list(itertools.pairwise(sizes))
        self.weights = nn.ParameterList(nn.Parameter(torch.empty(b, a)) for a, b in pairs)
        self.delays = nn.ParameterList(nn.Parameter(torch.rand(b, a) * (SHAPE.n_slots - 1)) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:-1])
        for weight in self.weights:
            nn.init.kaiming_uniform_(weight, nonlinearity="relu")

    def forward(self, x: Tensor, sigma: float) -> Tensor:
        """Give the readout's voltages, [step, batch, class], for spikes [step, batch, source]."""
        alpha = torch.tensor(1.0 / SHAPE.tau_steps)
        for index, (weight, delay) in enumerate(zip(self.weights, self.delays, strict=True)):
            x = delayed_projection(x, gaussian_kernel(weight, delay, sigma, SHAPE.n_slots))
            if index < len(self.norms):
                x = self.norms[index](x.flatten(0, 1)).view_as(x)
                mask = nn.functional.dropout(torch.ones_like(x[0]), SHAPE.dropout)
                x = lif_box_scan(x, alpha, surrogate="atan", detach_reset=True, scale=mask)
        return li_scan(x, alpha)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--profile", action="store_true", help="print where the time goes and stop")
    options = parser.parse_args()
    prepare_threads(options.threads)
    torch.manual_seed(0)
    model = Ours()
    x, y = make_batch(options.batch)
    weights = [*model.weights]
    others = [p for norm in model.norms for p in norm.parameters()]
    optimiser = torch.optim.Adam(
        [
            {"params": weights, "weight_decay": 1e-5},
            {"params": others},
            {"params": [*model.delays], "lr": 0.1},
        ],
        lr=1e-3,
        fused=True,
    )

    def step(sigma: float) -> float:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x, sigma).softmax(2).sum(0), y)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for delay in model.delays:
                delay.clamp_(0, SHAPE.n_slots - 1)
        return loss.item()

    if options.profile:
        for _ in range(3):
            step(0.5)
        with torch.profiler.profile() as profile:
            step(0.5)
        print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))
    else:
        serve(step)


if __name__ == "__main__":
    main()
