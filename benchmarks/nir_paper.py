"""Take networks of the NIR paper from their files to Lava: P0 to P3, against loops that are not ours.

    python benchmarks/nir_paper.py --cnn cnn_sinabs.nir --braille braille_noDelay_bias_zero.nir

The files are those of the repository neuromorphs/NIR (Pedersen et al., Nature Communications 2024). Each
network is computed in float64 by a loop written from its file with torch's convolutions and NumPy's products,
without this package's reader; its traces are given to ``export --traces``, and ``verify`` holds the network
against them (P1), the program against the network (P0), floats against integers (P2) and integers against
Lava (P3).

The convolutional network (N-MNIST, 8,970 neurons without leak, sinabs) gets synthetic events: strokes that
move by saccades, an event where brightness rises or falls. The recurrent one (Braille, current-based,
snnTorch) gets touch recordings where ``--touch`` gives an HDF5 file in SHD's format, the first 12 of their
channels in steps of 10 ms, else random spikes. Exits with 1 where a check fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import h5py
import nir
import numpy as np
import torch
from numpy.typing import NDArray

import neurodeploy as nd

SIZE, STEPS, EVENT = 34, 100, 0.06


def strokes(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw the events ``[step, polarity, y, x]`` of a ring or a bar that moves in three saccades."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    ring = rng.random() < 0.5
    centre, angle = rng.uniform(12, 22, 2), rng.uniform(0, 2 * np.pi)
    events = np.zeros((STEPS, 2, SIZE, SIZE), np.uint8)
    before = None
    for step in range(STEPS):
        angle += 2.1 * (step % 33 == 0)
        centre = centre + 0.25 * np.array([np.cos(angle), np.sin(angle)])
        right, down = x - centre[0], y - centre[1]
        away = np.abs(np.hypot(right, down) - 7) if ring else np.abs(right + 0.3 * down)
        image = 1 / (1 + np.exp(1.5 * (away - 2.0))) * (ring | (np.abs(down) < 10))
        if before is not None:
            seen = rng.random(image.shape) < 0.9
            events[step] = seen & (image - before > EVENT), seen & (before - image > EVENT)
        before = image
    return events


def touches(path: Path | None, rng: np.random.Generator, n_samples: int) -> NDArray[np.uint8]:
    """Give input of 12 channels ``[sample, step, channel]``: touch recordings, or random spikes."""
    if path is None:
        return (rng.random((n_samples, 200, 12)) < 0.05).astype(np.uint8)
    x = np.zeros((n_samples, 200, 12), np.uint8)
    with h5py.File(path) as file:
        for sample in range(n_samples):
            times, units = file["spikes/times"][sample], file["spikes/units"][sample]
            kept = (units < 12) & (times < 2.0)
            x[sample, (times[kept] * 100).astype(int), units[kept]] = 1
    return x


class Loop:
    """Records what populations do, step by step."""

    def __init__(self) -> None:
        self._spikes: dict[str, list[Any]] = {}
        self._v: dict[str, list[Any]] = {}

    def seen(self, name: str, spikes: Any, v: Any) -> None:
        """Keep one step, ``[sample, ...]``."""
        self._spikes.setdefault(name, []).append(np.asarray(spikes).reshape(len(spikes), -1).astype(np.uint8))
        self._v.setdefault(name, []).append(np.array(v).reshape(len(v), -1))

    def save(self, path: Path, spikes: NDArray[np.uint8]) -> None:
        """Write what ``export --traces`` takes."""
        arrays: dict[str, Any] = {"spikes": spikes.reshape(*spikes.shape[:2], -1)}
        arrays["framework"] = np.array(f"a loop in float64, torch {torch.__version__}")
        for name in self._spikes:
            arrays[f"{name}/spikes"] = np.stack(self._spikes[name], 1)
            arrays[f"{name}/v"] = np.stack(self._v[name], 1)
        np.savez_compressed(path, **arrays)


def run_cnn(nodes: Any, events: NDArray[np.uint8]) -> Loop:
    """Compute sinabs' convolutional network: integrators, one spike a step, the threshold is subtracted."""
    loop, v = Loop(), dict[str, torch.Tensor]()

    def weights(name: str) -> tuple[torch.Tensor, torch.Tensor]:
        node = nodes[name]
        return torch.tensor(node.weight, dtype=torch.float64), torch.tensor(node.bias, dtype=torch.float64)

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        node, (weight, bias) = nodes[name], weights(name)
        stride, padding, dilation = (tuple(map(int, p)) for p in (node.stride, node.padding, node.dilation))
        return torch.nn.functional.conv2d(x, weight, bias, stride, padding, dilation)

    def pool(name: str, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = (tuple(map(int, p)) for p in (nodes[name].kernel_size, nodes[name].stride))
        return torch.nn.functional.avg_pool2d(x, kernel, stride) * float(np.prod(kernel))

    def spike(name: str, i: torch.Tensor) -> torch.Tensor:
        threshold = torch.tensor(nodes[name].v_threshold, dtype=torch.float64)
        v[name] = v.get(name, torch.zeros_like(i)) + i
        z = (v[name] >= threshold).double()
        v[name] = v[name] - threshold * z
        loop.seen(name, z.numpy(), v[name].numpy())
        return z

    def dense(name: str, x: torch.Tensor) -> torch.Tensor:
        weight, bias = weights(name)
        return x @ weight.T + bias

    for step in range(events.shape[1]):
        x = torch.tensor(events[:, step], dtype=torch.float64)
        x = spike("6", conv("5", pool("4", spike("3", conv("2", spike("1", conv("0", x)))))))
        spike("12", dense("11", spike("10", dense("9", pool("7", x).flatten(1)))))
    return loop


def run_braille(nodes: Any, x: NDArray[np.uint8], dt_s: float) -> Loop:
    """Compute snnTorch's recurrent network by NIR's equations of a CubaLIF that resets to 0."""
    loop, names = Loop(), ("lif1.lif", "lif2")
    sizes = {name: nodes[name].v_threshold.size for name in names}
    v, current, z = ({name: np.zeros((len(x), n)) for name, n in sizes.items()} for _ in range(3))

    def dense(name: str, x: Any) -> Any:
        return x @ nodes[name].weight.astype(float).T + nodes[name].bias

    for step in range(x.shape[1]):
        i = {"lif1.lif": dense("fc1", x[:, step]) + dense("lif1.w_rec", z["lif1.lif"])}
        for name in names:
            if name == "lif2":
                i[name] = dense("fc2", z["lif1.lif"])
            node = nodes[name]
            current[name] += dt_s / node.tau_syn * (node.w_in * i[name] - current[name])
            v[name] += dt_s / node.tau_mem * (node.v_leak - v[name] + node.r * current[name])
            z[name] = (v[name] > node.v_threshold).astype(float)
            v[name] = np.where(z[name] > 0, 0.0, v[name])
            loop.seen(name, z[name], v[name])
    return loop


def whole_row(name: str, path: Path, loop: Loop, x: NDArray[np.uint8], lava: int, **reading: Any) -> bool:
    """Export and verify; print each check."""
    with tempfile.TemporaryDirectory() as folder:
        traces = Path(folder) / "traces.npz"
        loop.save(traces, x)
        start = perf_counter()
        bundle = nd.export(path, Path(folder) / "bundle", target="loihi2", traces=traces, **reading)
        exported = perf_counter() - start
        n_neurons = sum(population.size for population in bundle.graph.populations)
        result = nd.verify(bundle.path, runtimes={"lava": lava})
    print(f"\n{name}: {n_neurons} neurons, {len(x)} samples, exported in {exported:.0f} s")
    for check in result.checks:
        print(f"  {check.name:7} {check.status.value:9} {check.reason[:90]}")
        for population, counts in check.facts.get("populations", {}).items():
            numbers = ", ".join(f"{key} {value}" for key, value in counts.items())
            print(f"            {population}: {numbers}")
    for measured in result.sets:
        last = measured.rungs[-1]
        for what in ("spike_mismatch_percent", "spikes_not_shared_percent"):
            print(f"  {what}: " + ", ".join(f"{p} {x:.2f}" for p, x in last.to_dict()[what].items()))
        print(f"  agreement_percent: {last.to_dict()['agreement_percent']:.2f}")
    return result.exit_code == 0


def main() -> int:
    """Take each network that was given through the whole row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cnn", type=Path)
    parser.add_argument("--braille", type=Path)
    parser.add_argument("--touch", type=Path)
    parser.add_argument("--samples", type=int, default=6)
    parser.add_argument("--lava", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rng, passed = np.random.default_rng(0), []
    if given.cnn:
        x = np.stack([strokes(rng) for _ in range(given.samples)])
        loop = run_cnn(nir.read(given.cnn).nodes, x)
        options = {"dt_s": 1e-3, "dialect": "sinabs:reset=subtract,spikes=single"}
        passed.append(whole_row("convolutional (N-MNIST)", given.cnn, loop, x, given.lava, **options))
    if given.braille:
        touched = touches(given.touch, rng, given.samples)
        loop = run_braille(nir.read(given.braille).nodes, touched, 1e-4)
        options = {"dt_s": 1e-4, "dialect": "snntorch:reset=zero"}
        passed.append(whole_row("recurrent (Braille)", given.braille, loop, touched, given.lava, **options))
    return int(not passed or not all(passed))


if __name__ == "__main__":
    sys.exit(main())
