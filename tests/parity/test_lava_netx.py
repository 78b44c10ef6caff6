"""NetX files in lava-dl: the same traces as the process graph, and its traps."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.targets.loihi.lava.environment import lava_python
from neurodeploy.targets.loihi.lava.run import run_lava
from neurodeploy.targets.loihi.netx import as_lava_runs
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.target import loihi

sys.path.insert(0, str(Path(__file__).parent))
packing = importlib.import_module("lava_packing")

RECORD = ("spikes", "v", "u")


def chain(rng: np.random.Generator, *, input_max: int):
    """A network that NetX holds: layers of each sign, with and without delays, with biases and CUBA."""
    sizes = [6, 12, 9, 5]
    populations, projections = [], []
    signs = [(-1, 1), (1,), (-1, 1)]
    for i, (n_in, n) in enumerate(itertools.pairwise(sizes)):
        name, source = f"p{i}", f"p{i - 1}" if i else "input"
        weight = rng.choice(signs[i], (n, n_in)) * rng.integers(0, 101, (n, n_in)) * 2
        delay = rng.integers(0, 63, (n, n_in)) if i != 1 else 0
        if i == 0:
            delay[0, :2] = (0, 62)
        projections.append(packing.projection(source, name, weight, delay))
        populations.append(
            packing.population(
                name,
                n,
                du=[4095, 1000, 4095][i],
                dv=[163, 0, 2048][i],
                vth=[300, 900, 131071][i],
                bias_mantissa=rng.integers(-20, 20, n) * 4,
                bias_exponent=5,
                latency_steps=i,
            )
        )
    return packing.network(populations, projections, inputs=sizes[0], input_max=input_max, name="chain")


@pytest.mark.lava
@pytest.mark.slow
@pytest.mark.parametrize("input_max", [1, 15], ids=["binary", "graded"])
def test_lava_dl_and_the_process_graph_give_the_reference_traces(tmp_path: Path, input_max: int) -> None:
    packing.need_lava()
    rng = np.random.default_rng(input_max)
    program = chain(rng, input_max=input_max)
    facts = loihi().write(program, tmp_path)
    assert facts == {"name": "loihi", "netx": True, "netx_misfits": []}
    n_samples = 2 if input_max == 1 else 1  # state must not leak from one sample into the next
    shape = (n_samples, 90, 6)
    spikes = rng.integers(0, input_max + 1, shape) * (rng.random(shape) < 0.2)
    whole = packing.single(program, spikes.astype(np.uint8))
    expected = simulate_reference(program, whole.spikes)
    assert expected.populations["p0"].spikes.any() and expected.populations["p1"].spikes.any()
    netx = run_lava(tmp_path, whole.spikes, mode="netx", record=RECORD, timeout_s=600)
    assert packing.mismatches(whole, netx, expected) == []
    process = run_lava(tmp_path, whole.spikes, mode="process", record=RECORD, timeout_s=600)
    assert packing.mismatches(whole, process, expected) == []


CONVERSION = """
import json, sys
import numpy as np
from lava.lib.dl.netx.utils import optimize_weight_bits
from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights
out = []
for weight in json.load(open(sys.argv[1])):
    weight, bits, exponent, _ = optimize_weight_bits(np.array(weight))
    sign = determine_sign_mode(weight)
    weight = truncate_weights(clip_weights(weight, sign, num_bits=8), sign, bits)
    out.append([weight.tolist(), exponent])
print("found " + json.dumps(out))
"""


def legal_matrices() -> list[list[list[int]]]:
    """Matrices on the legal grid, powers of two and all-negative ones among them."""
    rng = np.random.default_rng(3)
    found = []
    for top in (1, 2, 3, 4, 7, 16, 64, 100, 127, 128, 200, 254, 255):
        for low, high, step in ((0, 1, 1), (-1, 0, 1), (-1, -1, 1), (-1, 1, 2), (-1, 1, 4)):
            weight = rng.integers(low * top if low else 0, high * top + 1 if high else 1, (3, 4))
            if low == high:
                weight = -rng.integers(1, top + 1, (3, 4))
            weight.flat[0] = low * top or high * top
            weight = weight // step * step
            if weight.any() and weight.min() >= -256 and weight.max() <= 255:
                found.append(weight.tolist())
    found += [[[-256, 254]], [[-256, 128]], [[-255, -1]], [[0, -1]], [[0, -128]], [[0, -255]], [[2, -256]]]
    return found


@pytest.mark.lava
@pytest.mark.slow
def test_our_words_for_lavas_weight_conversion_are_right(tmp_path: Path) -> None:
    packing.need_lava()
    matrices = legal_matrices()
    (tmp_path / "weights.json").write_text(json.dumps(matrices))
    done = subprocess.run(
        [lava_python(), "-W", "ignore", "-c", CONVERSION, tmp_path / "weights.json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("found "))
    changed = 0
    for matrix, (weight, exponent) in zip(matrices, json.loads(line[6:]), strict=True):
        deployed, shift = as_lava_runs(np.array(matrix))
        assert (deployed.tolist(), shift) == (weight, exponent), matrix
        changed += not np.array_equal(deployed, np.array(matrix) << -shift)
    assert 0 < changed < len(matrices)


@pytest.mark.lava
@pytest.mark.slow
def test_lava_dl_subtracts_one_from_du_and_clamps_delays(tmp_path: Path) -> None:
    """Change the file by hand to what a careless writer makes, and see the traces go wrong."""
    packing.need_lava()
    rng = np.random.default_rng(5)
    program = chain(rng, input_max=1)
    loihi().write(program, tmp_path)
    spikes = (rng.random((1, 80, 6)) < 0.3).astype(np.uint8)
    whole = packing.single(program, spikes)
    expected = simulate_reference(program, spikes)
    with h5py.File(tmp_path / "network.net", "r+") as file:
        assert file["layer/2/neuron/iDecay"][()] == 1001
        file["layer/2/neuron/iDecay"][()] = 1000
        file["layer/3/delay"][0, 0] = 63
    wrong = run_lava(tmp_path, spikes, mode="netx", record=RECORD, timeout_s=600)
    assert any("u of p1" in line for line in packing.mismatches(whole, wrong, expected))

    first, *rest = program.populations
    du = replace(rest[0], du=np.full(rest[0].size, 999))
    clamped = program.projections[2].delay_steps.copy()
    clamped[0, 0, 0] = 62
    last = replace(program.projections[2], delay_steps=clamped)
    as_read = replace(
        program, populations=(first, du, *rest[1:]), projections=(*program.projections[:2], last)
    )
    assert packing.mismatches(whole, wrong, simulate_reference(as_read, spikes)) == []
