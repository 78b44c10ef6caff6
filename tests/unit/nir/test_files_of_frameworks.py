"""Every file in ../shared that a framework wrote: computed as there, or refused for the reason given here."""

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError, Severity
from neurodeploy.graph.interpret import interpret
from neurodeploy.nir.read import read_nir

SHARED = Path(__file__).parents[4] / "shared"

CLEAN = ("spikingjelly_if", "spikingjelly_conv2d_if_avgpool")
"""Files whose frameworks compute what NIR says, and that show nothing else: read without a question."""

ASKED = {
    "snntorch_leaky_zero": ("ND155", "snntorch:reset=zero"),
    "snntorch_beta1": ("ND155", "snntorch:reset=zero"),
    "spikingjelly_ties": ("ND159", "spikingjelly"),
    "norse_default_dt": ("ND153", "norse"),
    "norse_lifcell": ("ND152", "norse"),
    "sinabs_lif_hard": ("ND156", "sinabs:reset=zero,spikes=single"),
}
"""What is asked about a file, and the answer with which every spike is the framework's."""

SOFT = {
    "snntorch_leaky_default_subtract": ("ND155", "snntorch:reset=subtract"),
    "sinabs_lif_soft": ("ND156", "sinabs:reset=subtract,spikes=single"),
    "rockpool_lif": ("ND152", "rockpool:spikes=single"),
    "spyx_lif": ("ND157", "spyx"),
}
"""The same, for neurons that reset by subtraction."""

needs_cases = pytest.mark.skipif(
    not (SHARED / "nir-cases").is_dir(), reason="needs ../shared/nir-cases: not on this machine"
)


def recorded(name):
    with np.load(SHARED / "nir-cases" / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def read(name, dialect=None):
    return read_nir(SHARED / "nir-cases" / f"{name}.nir", dt_s=float(recorded(name)["dt"]), dialect=dialect)


def every_spike_is_the_frameworks(name, graph, late=0):
    case = recorded(name)
    traces = interpret(graph, case["spikes"])
    expected = {key.split("/")[1]: case[key] for key in case if key.endswith("/spikes")}
    assert {population.strip("_") for population in traces.populations} == set(expected)
    assert sum(spikes.sum() for spikes in expected.values()) > 150
    for population, trace in traces.populations.items():
        spikes = expected[population.strip("_")]
        n_steps = spikes.shape[1] - late
        assert np.array_equal(trace.spikes[:, :n_steps], spikes[:, late:])
        assert not spikes[:, :late].any()


@needs_cases
def test_something_is_expected_of_every_file():
    names = {path.stem for path in (SHARED / "nir-cases").glob("*.nir")}
    assert names == {*CLEAN, *ASKED, *SOFT}


@needs_cases
@pytest.mark.parametrize("name", CLEAN)
def test_a_file_by_nirs_equations_is_read_without_a_question(name):
    every_spike_is_the_frameworks(name, read(name))


@needs_cases
@pytest.mark.parametrize("name", [*ASKED, *SOFT])
def test_a_file_that_may_mean_something_else_is_refused_until_someone_says_who_wrote_it(name):
    code, _ = (ASKED | SOFT)[name]
    with pytest.raises(NeurodeployError) as error:
        read(name)
    assert [f.code for f in error.value.findings if f.severity is Severity.ERROR] == [code]
    assert error.value.exit_code == 2
    assert "--dialect" in error.value.findings[0].help


@needs_cases
@pytest.mark.parametrize("name", ASKED)
def test_with_its_dialect_every_spike_is_the_frameworks(name):
    graph = read(name, ASKED[name][1])
    assert "ND161" in [note.code for note in graph.notes]
    every_spike_is_the_frameworks(name, graph)


@needs_cases
@pytest.mark.parametrize("name", SOFT)
def test_with_its_dialect_every_spike_of_a_soft_reset_is_the_frameworks(name):
    graph = read(name, SOFT[name][1])
    assert any(p.model.reset in {"subtract", "subtract_late"} for p in graph.populations)
    # Spyx gives the spikes of its last layer a step later: it reads them off v of the step before
    every_spike_is_the_frameworks(name, graph, late=int(name.startswith("spyx")))


def test_the_recurrent_braille_network_is_a_loop_of_nirs_equations():
    path = SHARED / "nir" / "braille_noDelay_bias_zero.nir"
    if not path.is_file():
        pytest.skip("needs ../shared/nir: not on this machine")
    import nir

    dt_s, nodes = 1e-4, nir.read(path).nodes
    x = (np.random.default_rng(5).random((3, 200, 12)) < 0.05).astype(np.uint8)
    traces = interpret(read_nir(path, dt_s=dt_s, dialect="snntorch:reset=zero"), x)
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
