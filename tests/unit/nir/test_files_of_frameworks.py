"""Every file in ../shared that a framework wrote: computed as there, or refused for the reason given here."""

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.nir.read import read_nir

SHARED = Path(__file__).parents[4] / "shared"

EXACT = ("snntorch_leaky_zero", "snntorch_beta1", "spikingjelly_if", "spikingjelly_conv2d_if_avgpool")
"""Files whose frameworks compute what NIR says."""

OTHERWISE = {
    "snntorch_leaky_default_subtract": "a soft reset one step late, which the file does not say",
    "spikingjelly_ties": ">= where NIR says >",
    "norse_lifcell": "an input that the file says is scaled by dt / tau_syn, and w_in = 1",
    "sinabs_lif_hard": "exponential decays and >=",
    "sinabs_lif_soft": "exponential decays, a soft reset and >=",
    "rockpool_lif": "exponential decays, a soft reset, w_in left out",
    "spyx_lif": "a spike read one step late, r = beta",
}
"""Files whose frameworks compute something that the file does not say, and what: a dialect."""

REFUSED = {"norse_default_dt": "ND102"}
"""tau is a thousand times too small in the file."""

needs_cases = pytest.mark.skipif(
    not (SHARED / "nir-cases").is_dir(), reason="needs ../shared/nir-cases: not on this machine"
)


@needs_cases
def test_something_is_expected_of_every_file():
    names = {path.stem for path in (SHARED / "nir-cases").glob("*.nir")}
    assert names == {*EXACT, *OTHERWISE, *REFUSED}


@needs_cases
@pytest.mark.parametrize("name", EXACT)
def test_every_spike_is_the_frameworks(name):
    recorded = np.load(SHARED / "nir-cases" / f"{name}.npz")
    graph = read_nir(SHARED / "nir-cases" / f"{name}.nir", dt_s=float(recorded["dt"]))
    traces = interpret(graph, recorded["spikes"])
    expected = {key.split("/")[1]: recorded[key] for key in recorded.files if key.endswith("/spikes")}
    assert {population.strip("_") for population in traces.populations} == set(expected)
    for population, trace in traces.populations.items():
        assert trace.spikes.sum() > 300
        assert np.array_equal(trace.spikes, expected[population.strip("_")])


@needs_cases
@pytest.mark.parametrize("name", OTHERWISE)
def test_a_dialect_is_read_or_refused_and_never_a_traceback(name):
    try:
        read_nir(
            SHARED / "nir-cases" / f"{name}.nir",
            dt_s=float(np.load(SHARED / "nir-cases" / f"{name}.npz")["dt"]),
        )
    except NeurodeployError as error:
        assert error.exit_code == 2


@needs_cases
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused(name):
    with pytest.raises(NeurodeployError) as error:
        read_nir(SHARED / "nir-cases" / f"{name}.nir", dt_s=1e-3)
    assert error.value.findings[0].code == REFUSED[name]


def test_the_recurrent_braille_network_is_a_loop_of_nirs_equations():
    path = SHARED / "nir" / "braille_noDelay_bias_zero.nir"
    if not path.is_file():
        pytest.skip("needs ../shared/nir: not on this machine")
    import nir

    dt_s, nodes = 1e-4, nir.read(path).nodes
    x = (np.random.default_rng(5).random((3, 200, 12)) < 0.05).astype(np.uint8)
    traces = interpret(read_nir(path, dt_s=dt_s), x)
    for sample in range(len(x)):
        v = {name: np.zeros(n) for name, n in (("lif1.lif", 38), ("lif2", 7))}
        current = {name: 0 * each for name, each in v.items()}
        z = {name: 0 * each for name, each in v.items()}
        for step, value in enumerate(x[sample]):
            before = z["lif1.lif"]
            for name in ("lif1.lif", "lif2"):
                if name == "lif2":
                    i = nodes["fc2"].weight @ z["lif1.lif"] + nodes["fc2"].bias
                else:
                    i = nodes["fc1"].weight @ value + nodes["fc1"].bias
                    i = i + nodes["lif1.w_rec"].weight @ before + nodes["lif1.w_rec"].bias
                n = nodes[name]
                current[name] = current[name] + dt_s / n.tau_syn * (n.w_in * i - current[name])
                v[name] = v[name] + dt_s / n.tau_mem * (n.v_leak - v[name] + n.r * current[name])
                z[name] = (v[name] > n.v_threshold).astype(float)
                v[name] = np.where(z[name] > 0, 0.0, v[name])
                assert np.array_equal(traces.populations[name].spikes[sample, step], z[name])
    assert traces.populations["lif1.lif"].spikes.sum() > 100
    assert traces.populations["lif2"].spikes.any()
