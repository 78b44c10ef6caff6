"""Norse itself: networks of Norse 1.1.0, exported by its own ``to_nir``, against what Norse computes."""

import warnings

import nir
import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.nir.read import read_nir

torch = pytest.importorskip("torch", reason="needs torch, of the extra train: not installed")
norse = pytest.importorskip("norse.torch", reason="needs norse, of the extra train: not installed")

DT_S = 1e-3
N_IN, N = 8, 5


def parameters(kind, n, **values):
    inverse = {"tau_mem_inv": 100.0, "v_leak": 0.0} | values
    return kind(**{key: torch.full((n,), value) for key, value in inverse.items()})


def box(n, **values):
    return norse.LIFBoxCell(parameters(norse.LIFBoxParameters, n, v_th=1.0, **values), dt=DT_S)


def filtered(n, **values):
    return norse.LIFCell(parameters(norse.LIFParameters, n, v_th=1.0, tau_syn_inv=200.0, **values), dt=DT_S)


def integrators(n):
    return norse.LIBoxCell(parameters(norse.LIBoxParameters, n), dt=DT_S)


def without_leak(n):
    from norse.torch.functional.iaf import IAFParameters

    return norse.IAFCell(IAFParameters(v_th=torch.ones(n)), dt=DT_S)


def of_norse(cell, gain, tmp_path, *, dt=None):
    """Give the file that Norse writes of two layers, inputs, and every layer's output."""
    from norse.torch.utils.export_nir import to_nir

    torch.manual_seed(3)
    layers = [torch.nn.Linear(N_IN, N), cell(N), torch.nn.Linear(N, 3), cell(3)]
    for layer, scale in zip(layers[::2], (gain, 2 * gain), strict=True):
        torch.nn.init.normal_(layer.weight, 0.3 * scale, scale)
    network = norse.SequentialState(*layers)
    spikes = (np.random.default_rng(5).random((3, 60, N_IN)) < 0.3).astype(np.uint8)
    found = [[], []]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = to_nir(network, torch.zeros(1, N_IN), **({} if dt is None else {"dt": dt}))
        states = [None, None]
        for t in range(spikes.shape[1]):
            x = torch.from_numpy(spikes[:, t].astype(np.float32))
            for k in range(2):
                x, states[k] = layers[2 * k + 1](layers[2 * k](x), states[k])
                found[k].append(x.numpy())
    nir.write(tmp_path / "norse.nir", file)
    return tmp_path / "norse.nir", spikes, [np.stack(each, axis=1) for each in found]


def asked(path):
    with pytest.raises(NeurodeployError) as error:
        read_nir(path, DT_S)
    return error.value.findings[0].code


def every_spike(graph, spikes, expected):
    assert all(each.sum() > 20 for each in expected)
    traces = interpret(graph, spikes)
    for name, each in zip(("1", "3"), expected, strict=True):
        assert np.array_equal(traces.populations[name].spikes, each)


@pytest.mark.parametrize(
    ("cell", "gain", "dt", "code"),
    [
        (box, 4.0, None, "ND153"),
        (filtered, 1.0, None, "ND153"),
        (filtered, 1.0, 1.0, "ND152"),
        (without_leak, 0.4, None, "ND158"),
    ],
)
def test_a_file_of_norse_is_refused_and_with_its_dialect_every_spike_is_norses(
    cell, gain, dt, code, tmp_path
):
    path, spikes, expected = of_norse(cell, gain, tmp_path, dt=dt)
    assert asked(path) == code
    every_spike(read_nir(path, DT_S, dialect="norse"), spikes, expected)


def test_norses_lifbox_with_its_times_in_seconds_is_by_nirs_equations(tmp_path):
    path, spikes, expected = of_norse(box, 4.0, tmp_path, dt=1.0)
    assert asked(path) == "ND155"  # it writes the same file of other resets
    every_spike(read_nir(path, DT_S, dialect="nir"), spikes, expected)
    every_spike(read_nir(path, DT_S, dialect="norse"), spikes, expected)


@pytest.mark.parametrize("cell", [box, filtered])
def test_the_reset_value_that_norse_does_not_write_can_be_said(cell, tmp_path):
    def lower(n):
        return cell(n, v_reset=-0.5)

    path, spikes, expected = of_norse(lower, 4.0 if cell is box else 1.0, tmp_path)
    every_spike(read_nir(path, DT_S, dialect="norse:v_reset=-0.5"), spikes, expected)
    trace = interpret(read_nir(path, DT_S, dialect="norse"), spikes).populations["1"]
    assert not np.array_equal(trace.spikes, expected[0])


def test_norses_subtraction_can_be_said_as_well(tmp_path):
    from norse.torch.functional.reset import reset_subtract

    def subtracting(n):
        cell = box(n)
        cell.p = cell.p._replace(reset_method=reset_subtract)
        return cell

    path, spikes, expected = of_norse(subtracting, 4.0, tmp_path)
    every_spike(read_nir(path, DT_S, dialect="norse:reset=subtract"), spikes, expected)
    trace = interpret(read_nir(path, DT_S, dialect="norse"), spikes).populations["1"]
    assert not np.array_equal(trace.spikes, expected[0])


def test_the_readout_of_norse_is_read_a_thousand_times_longer_as_well(tmp_path):
    def mixed(n):
        return box(n) if n == N else integrators(n)

    path, spikes, (hidden, v) = of_norse(mixed, 4.0, tmp_path)
    traces = interpret(read_nir(path, DT_S, dialect="norse"), spikes)
    assert np.array_equal(traces.populations["1"].spikes, hidden)
    np.testing.assert_allclose(traces.populations["3"].v, v, rtol=0, atol=1e-5)
