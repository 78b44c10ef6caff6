"""Convolutions, pools, integrators and weighted outputs that nir writes, against torch in float64."""

from itertools import pairwise

import h5py
import nir
import numpy as np
import pytest
import torch
from torch.nn import functional

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.nir.read import from_nir, read_nir

DT_S = 1e-3


def written(path, shape, *nodes, n_out=1, declared=True):
    """Write a chain of nodes with nir itself and give the file."""
    named = {
        "in": nir.Input(np.array(shape)),
        **{f"n{k}": node for k, node in enumerate(nodes)},
        "out": nir.Output(np.array([n_out])),
    }
    nir.write(path, nir.NIRGraph(named, list(pairwise(named)), type_check=False))
    if not declared:  # which nir holds and reads but cannot write
        with h5py.File(path, "r+") as file:
            for node in file["node/nodes"].values():
                node.pop("input_shape", None)
    return path


def sums(path, shape, rng):
    """Feed random counts to a file that ends in weights; give them and its v, which are the sums."""
    x = rng.integers(0, 2, (2, 3, int(np.prod(shape)))).astype(np.uint8)
    graph = read_nir(path, dt_s=DT_S)
    assert graph.projections[0].holds_lists  # nothing dense was made on the way
    (trace,) = interpret_reference(graph, x).populations.values()
    return torch.from_numpy(x.reshape(-1, *shape)).double(), trace.v.reshape(6, -1)


CONVOLUTIONS_2D = {
    "plain": {},
    "stride": {"stride": (2, 1)},
    "padding": {"padding": (2, 1)},
    "same": {"padding": "same", "dilation": (1, 2)},
    "same and uneven": {"padding": "same", "dilation": (2, 3)},
    "valid": {"padding": "valid", "stride": (1, 3)},
    "dilation": {"dilation": (2, 1)},
    "groups": {"groups": 2, "padding": (1, 1)},
    "each channel": {"groups": 4, "stride": (3, 2)},
    "all": {"groups": 2, "stride": (2, 3), "padding": (3, 1), "dilation": (1, 2)},
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", CONVOLUTIONS_2D)
@pytest.mark.parametrize("declared", [True, False])
def test_a_convolution_in_two_axes_is_torchs(name, declared, tmp_path):
    rng = np.random.default_rng(len(name))
    options = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1} | CONVOLUTIONS_2D[name]
    weight = rng.normal(size=(8, 4 // options["groups"], 3, 2))
    weight[rng.random(weight.shape) < 0.2] = 0
    bias = rng.normal(size=8)
    node = nir.Conv2d((9, 7), weight, bias=bias, **options)
    x, v = sums(written(tmp_path / "c.nir", (4, 9, 7), node, declared=declared), (4, 9, 7), rng)
    expected = functional.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias), **options)
    np.testing.assert_allclose(v, expected.reshape(6, -1).numpy(), rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 3}, {"padding": 2}, {"padding": "same", "dilation": 3}, {"groups": 3, "dilation": 2}],
)
def test_a_convolution_in_one_axis_is_torchs(options, tmp_path):
    rng = np.random.default_rng(1)
    options = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | options
    weight = rng.normal(size=(6, 3 // options["groups"], 4))
    node = nir.Conv1d(20, weight, bias=np.zeros(6), **options)
    x, v = sums(written(tmp_path / "c.nir", (3, 20), node), (3, 20), rng)
    expected = functional.conv1d(x, torch.from_numpy(weight), **options)
    np.testing.assert_allclose(v, expected.reshape(6, -1).numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 1, 1), ((2, 3), (1, 2), (1, 0))])
def test_a_pool_is_torchs(average, kernel, stride, padding, tmp_path):
    make = nir.AvgPool2d if average else nir.SumPool2d
    node = make(*(np.array(np.broadcast_to(value, 2)) for value in (kernel, stride, padding)))
    x, v = sums(written(tmp_path / "p.nir", (3, 7, 6), node), (3, 7, 6), np.random.default_rng(2))
    expected = functional.avg_pool2d(x, kernel, stride, padding)
    if not average:
        expected = expected * np.prod(np.broadcast_to(kernel, 2))
    np.testing.assert_allclose(v, expected.reshape(6, -1).numpy(), rtol=0, atol=1e-12)


def test_convolutions_and_pools_in_a_row_are_torchs(tmp_path):
    """Nothing between them but linear nodes: overlapping pools, a scale, a flatten, weights, biases."""
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(4, 2, 3, 3)), rng.normal(size=(3, 4, 2, 2))
    b1, b2, dense = rng.normal(size=4), rng.normal(size=3), rng.normal(size=(5, 12))
    path = written(
        tmp_path / "row.nir",
        (2, 8, 8),
        nir.Conv2d((8, 8), first, (1, 1), (0, 0), (1, 1), 1, b1),
        nir.SumPool2d(np.array([3, 3]), np.array([2, 2]), np.array([1, 1])),
        nir.Scale(np.full((4, 3, 3), 0.5)),
        nir.Conv2d((3, 3), second, (1, 1), (0, 0), (1, 1), 1, b2),
        nir.Flatten(np.array([3, 2, 2]), 1, -1),
        nir.Linear(dense),
        n_out=5,
        declared=False,
    )
    x, v = sums(path, (2, 8, 8), rng)
    y = functional.conv2d(x, torch.from_numpy(first), torch.from_numpy(b1))
    y = functional.avg_pool2d(y, 3, 2, 1) * 9 * 0.5
    y = functional.conv2d(y, torch.from_numpy(second), torch.from_numpy(b2)).reshape(6, -1)
    np.testing.assert_allclose(v, (y @ torch.from_numpy(dense).T).numpy(), rtol=0, atol=1e-11)


def test_integrate_and_fire_behind_a_convolution_is_a_loop_in_numpy(tmp_path):
    rng = np.random.default_rng(4)
    weight, dense = rng.normal(size=(3, 2, 3, 3)) / 2, rng.normal(size=(4, 12)) / 2
    r, reset = rng.uniform(0.5, 2, (3, 4, 4)) / DT_S, rng.uniform(-0.5, 0.2, (3, 4, 4))
    path = written(
        tmp_path / "if.nir",
        (2, 6, 6),
        nir.Conv2d((6, 6), weight, 1, 0, 1, 1, np.full(3, 0.1)),
        nir.IF(r=r, v_threshold=np.ones((3, 4, 4)), v_reset=reset),
        nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        nir.Flatten(np.array([3, 2, 2]), 0, -1),
        nir.Linear(dense),
        nir.I(r=np.full(4, 3.0 / DT_S)),
        n_out=4,
    )
    x = (rng.random((2, 15, 72)) < 0.3).astype(np.uint8)
    graph = read_nir(path, dt_s=DT_S)
    images, bias = torch.from_numpy(x.reshape(30, 2, 6, 6)).double(), torch.full((3,), 0.1).double()
    drive = functional.conv2d(images, torch.from_numpy(weight), bias).numpy().reshape(2, 15, 3, 4, 4)
    spikes, v = np.zeros((2, 15, 3, 4, 4)), np.zeros((2, 3, 4, 4))
    out, integral = np.zeros((2, 15, 4)), np.zeros((2, 4))
    for step in range(15):
        v = v + DT_S * r * drive[:, step]
        spikes[:, step] = v > 1
        v = np.where(v > 1, reset, v)
        pooled = functional.avg_pool2d(torch.from_numpy(spikes[:, step]), 2).numpy().reshape(2, 12)
        integral += 3 * (pooled @ dense.T)
        out[:, step] = integral
    assert 50 < spikes.sum() < 0.8 * spikes.size
    for run in (interpret, interpret_reference):
        traces = run(graph, x)
        assert np.array_equal(traces.populations["n1"].spikes.reshape(spikes.shape), spikes)
        np.testing.assert_allclose(traces.populations["n5"].v, out, rtol=0, atol=1e-9)
    assert graph.readout.population == "n5"


def test_an_integrator_that_stands_on_its_threshold_does_not_spike(tmp_path):
    one, dt_s = np.ones(1), 2.0**-10  # numbers that float64 holds exactly
    node = nir.IF(r=one / dt_s, v_threshold=one, v_reset=0 * one)
    graph = read_nir(written(tmp_path / "t.nir", (1,), nir.Linear(one[None] / 2), node), dt_s=dt_s)
    for run in (interpret, interpret_reference):
        (trace,) = run(graph, np.ones((1, 6, 1), dtype=np.uint8)).populations.values()
        assert trace.spikes[0, :, 0].tolist() == [0, 0, 1, 0, 0, 1]
        assert trace.v[0, :, 0].tolist() == [0.5, 1.0, 0.0, 0.5, 1.0, 0.0]


def test_weights_before_the_output_are_said_to_be_integrators(tmp_path):
    graph = read_nir(written(tmp_path / "w.nir", (3,), nir.Linear(np.ones((2, 3))), n_out=2), dt_s=DT_S)
    (population,) = graph.populations
    assert (population.name, population.model.value) == ("out", "li")
    assert population.tau_s.tolist() == [DT_S, DT_S]
    assert [note.code for note in graph.notes] == ["ND127"]
    assert (graph.readout.population, graph.readout.score) == ("out", "softmax_sum")


def test_a_decay_of_one_is_an_integrator(tmp_path):
    """As snnTorch writes beta = 1: infinite tau and r."""
    endless = np.full(2, np.inf)
    node = nir.LIF(tau=endless, r=endless, v_leak=np.zeros(2), v_threshold=np.full(2, 2.5))
    path = written(tmp_path / "b.nir", (2,), nir.Linear(np.eye(2)), node, n_out=2)
    graph = read_nir(path, dt_s=DT_S, dialect="nir")
    (trace,) = interpret(graph, np.ones((1, 7, 2), dtype=np.uint8)).populations.values()
    assert trace.spikes[0, :, 0].tolist() == [0, 0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize(
    "changes", [{"r": np.ones(2)}, {"tau": np.array([np.inf, 1.0])}, {"v_leak": np.ones(2)}]
)
def test_an_infinite_tau_of_anything_else_is_a_finding(changes, tmp_path):
    endless = np.full(2, np.inf)
    given = {"tau": endless, "r": endless, "v_leak": np.zeros(2), "v_threshold": np.ones(2)} | changes
    path = written(tmp_path / "b.nir", (2,), nir.Linear(np.eye(2)), nir.LIF(**given), n_out=2)
    with pytest.raises(NeurodeployError) as error:
        read_nir(path, dt_s=DT_S)
    assert error.value.findings[0].code == "ND101"


def convolution(**changes):
    given = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1, "bias": np.zeros(4)}
    return nir.Conv2d((5, 5), np.ones((4, 2, 3, 3)), **given | changes)


HOSTILE = {
    "stride 0": ("stride", [0, 1]),
    "stride -1": ("stride", [-1, 1]),
    "half a stride": ("stride", 1.5),
    "three strides": ("stride", [1, 1, 1]),
    "endless dilation": ("dilation", 2**62),
    "large dilation": ("dilation", 10**6),
    "dilation 0": ("dilation", 0),
    "negative padding": ("padding", [-1, 0]),
    "endless padding": ("padding", 10**9),
    "large padding": ("padding", 4_000_000),
    "another word": ("padding", "sane"),
    "same with a stride": ("padding", "same"),
    "groups 0": ("groups", 0),
    "groups that do not divide": ("groups", 3),
    "too many groups": ("groups", 2**40),
    "NaN": ("groups", np.nan),
    "no kernel": ("weight", np.ones((4, 2, 0, 3))),
    "a flat kernel": ("weight", np.ones((4, 2))),
    "a kernel with NaN": ("weight", np.full((4, 2, 3, 3), np.nan)),
    "a kernel larger than the image": ("weight", np.ones((4, 2, 9, 9))),
    "other channels": ("weight", np.ones((4, 3, 3, 3))),
    "another image": ("input_shape", [50, 1]),
    "no image": ("input_shape", [0, 5]),
    "endless image": ("input_shape", [2**40, 2**40]),
    "a bias for each place": ("bias", np.zeros(36)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_convolution_that_means_nothing_is_a_finding(what, tmp_path):
    key, value = HOSTILE[what]
    stride = (2, 2) if what == "same with a stride" else (1, 1)
    path = written(tmp_path / "c.nir", (2, 5, 5), convolution(stride=stride))
    with h5py.File(path, "r+") as file:
        del file[f"node/nodes/n0/{key}"]
        file[f"node/nodes/n0/{key}"] = value
    with pytest.raises(NeurodeployError) as error:
        read_nir(path, dt_s=DT_S)
    assert error.value.findings[0].code in ("ND101", "ND105", "ND116", "ND126")
    assert error.value.findings[0].where.startswith(str(path))


@pytest.mark.parametrize("size", [10**9, 4_000_000])
def test_a_pool_that_is_larger_than_what_it_looks_at_is_a_finding(size, tmp_path):
    pool = nir.SumPool2d(np.array([size, 1]), np.array([1, 1]), np.array([0, 0]))
    with pytest.raises(NeurodeployError) as error:
        read_nir(written(tmp_path / "p.nir", (1, 5, 5), pool), dt_s=DT_S)
    assert error.value.findings[0].code == "ND126"


def test_windows_that_would_make_too_many_synapses_are_refused_before_they_are_made(tmp_path):
    wide = np.array([1000, 1000])
    pool = nir.SumPool2d(wide, np.array([1, 1]), wide // 2)
    conv = nir.Conv2d((1000, 1000), np.ones((4, 1, 100, 100)), (1, 1), "same", (1, 1), 1, np.zeros(4))
    for node in (pool, conv):
        with pytest.raises(NeurodeployError) as error:
            read_nir(written(tmp_path / "p.nir", (1, 1000, 1000), node), dt_s=DT_S)
        assert error.value.findings[0].code == "ND116"


def test_a_pool_behind_elements_without_axes_is_a_finding():
    nodes = {
        "in": nir.Input(np.array([12])),
        "p": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "out": nir.Output(np.array([3])),
    }
    with pytest.raises(NeurodeployError) as error:
        from_nir(nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False), DT_S)
    assert error.value.findings[0].code == "ND105"
    assert "channels, x, y" in error.value.findings[0].limit
