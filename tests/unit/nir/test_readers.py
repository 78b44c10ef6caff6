"""Networks rewritten for other frameworks: the same spikes, in the numbers that each importer takes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Readout
from neurodeploy.nir.readers.frameworks import READERS
from neurodeploy.nir.readers.rewriting import NEVER, with_one_threshold

sys.path.insert(0, str(Path(__file__).parent))
from small_networks import between, given, population, row, silent

RNG = np.random.default_rng(5)
PER_NEURON = {
    "tau_s": RNG.uniform(0.01, 0.04, 12),
    "v_threshold": RNG.uniform(0.5, 1.5, 12),
    "r": RNG.uniform(0.5, 2, 12),
    "bias": RNG.normal(0, 0.05, 12),
}
PLAIN = row(population("a", 12, bias=0.2), population("b", 10), population("o", 3, NeuronModel.LI))
NETWORKS: dict[str, Graph] = {
    "plain": PLAIN,
    "per neuron": row(population("a", 12, v_leak=0.3, v_reset=0.3, **PER_NEURON), population("b", 10)),
    "filtered": row(
        population("a", 12, NeuronModel.CUBA_LIF, bias=0.1),
        population("b", 10, NeuronModel.CUBA_LIF, w_in=5.0),
        population("o", 3, NeuronModel.CUBA_LI),
    ),
    "filtered per neuron": row(
        population("a", 12, NeuronModel.CUBA_LIF, tau_syn_s=RNG.uniform(0.002, 0.01, 12), **PER_NEURON),
        population("b", 10, NeuronModel.CUBA_LIF),
    ),
    "other reset": row(population("a", 12, v_reset=-0.5, v_leak=0.1), population("b", 10, v_reset=0.2)),
    "feedback": replace(
        PLAIN, projections=(*PLAIN.projections, between("a", "a", RNG.normal(0, 6, (12, 12)), 1e-3))
    ),
    "no leak": row(
        population("a", 12, NeuronModel.IF, r=1e3),
        population("b", 10, NeuronModel.IF, r=RNG.uniform(500, 2000, 10)),
        population("o", 3, NeuronModel.I, r=1e3),
    ),
    "no leak, another reset": row(population("a", 12, NeuronModel.IF, r=1e3, v_reset=-0.2)),
    "skip": replace(PLAIN, projections=(*PLAIN.projections, between(INPUT, "b", RNG.normal(2, 3, (10, 8))))),
    "delays": replace(PLAIN, projections=(*PLAIN.projections[:2], between("b", "o", np.ones((3, 10)), 3e-3))),
}
READ_RIGHT = {
    "norse": {*NETWORKS} - {"skip", "delays", "no leak", "no leak, another reset"},
    "snntorch": {*NETWORKS} - {"other reset", "feedback", "delays", "no leak, another reset"},
    "spikingjelly": {"plain", "filtered", "feedback", "skip", "no leak"},
    "nir-1.0.4": {*NETWORKS} - {"no leak, another reset"},
    **{reader: set() for reader in ("sinabs", "rockpool", "spyx")},
}
DT_S = {"norse": 1e-3, "snntorch": 1e-4, "spikingjelly": 1e-4, "nir-1.0.4": 1e-3}
PAIRS = [(reader, name) for reader, names in READ_RIGHT.items() for name in NETWORKS if name in names]


def test_every_reader_is_tried():
    assert READ_RIGHT.keys() == READERS.keys()


@pytest.mark.parametrize(("reader", "name"), PAIRS)
def test_a_rewritten_network_spikes_as_before_at_every_step(reader, name, tmp_path):
    graph = NETWORKS[name]
    spikes = given(graph)
    before = nd.simulate(graph, spikes).populations
    assert silent({key: trace.spikes for key, trace in before.items()}, graph.populations) == []
    written = nd.write_nir(graph, tmp_path / "net.nir", reader=reader)
    read = nd.read_nir(tmp_path / "net.nir")
    assert written.dt_s == read.dt_s == DT_S[reader]
    after = nd.simulate(read, spikes).populations
    assert before.keys() == after.keys()
    for key, trace in before.items():
        assert np.array_equal(trace.spikes, after[key].spikes), key
        if not graph.population(key).model.spiking:  # the answer, in its own unit
            np.testing.assert_allclose(trace.v, after[key].v, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("reader", "name"), [(r, n) for r in READ_RIGHT for n in NETWORKS if n not in READ_RIGHT[r]]
)
def test_what_a_framework_cannot_compute_is_refused_and_nothing_is_written(reader, name, tmp_path):
    with pytest.raises(nd.NeurodeployError) as error:
        nd.write_nir(NETWORKS[name], tmp_path / "net.nir", reader=reader)
    assert {finding.code for finding in error.value.findings} == {"ND170"} and error.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_every_reason_is_given_at_once(tmp_path):
    graph = row(
        population("a", 12, v_reset=-0.5, tau_s=PER_NEURON["tau_s"]),
        population("o", 3, NeuronModel.LI, v_leak=0.1),
    )
    slow = between("a", "o", np.ones((3, 12)), 2e-3)
    with pytest.raises(nd.NeurodeployError) as error:
        nd.write_nir(replace(graph, projections=(graph.projections[0], slow)), "n.nir", reader="spikingjelly")
    found = [finding.found for finding in error.value.findings]
    assert found[0] == "delays of 2 to 2 steps"
    assert found[1] == "v_leak and v_reset up to 0.5 apart"
    assert found[2].startswith("tau_s of 1") and found[2].endswith(" steps")
    assert found[3] == "v_leak up to 0.1 of a readout"


def test_the_discrete_convention_has_r_of_tau_over_dt_and_no_reset_of_zero(tmp_path):
    nd.write_nir(NETWORKS["filtered per neuron"], tmp_path / "net.nir", reader="snntorch")
    with h5py.File(tmp_path / "net.nir") as file:
        nodes = file["node/nodes"]
        for name in "ab":
            node = {key: nodes[name][key][()] for key in nodes[name]}
            assert node["type"] == b"CubaLIF" and "v_reset" not in node and not node["v_leak"].any()
            np.testing.assert_allclose(node["r"], node["tau_mem"] / 1e-4, rtol=1e-12)
            np.testing.assert_allclose(node["w_in"], node["tau_syn"] / 1e-4, rtol=1e-12)
            assert np.unique(node["v_threshold"]).size == 1


def test_a_readout_is_a_neuron_that_never_spikes_where_a_framework_has_no_integrator(tmp_path):
    nd.write_nir(PLAIN, tmp_path / "net.nir", reader="norse")
    out = nd.read_nir(tmp_path / "net.nir").population("o")
    assert out.model is NeuronModel.LIF and (out.v_threshold == NEVER).all()


def test_feedback_of_one_step_is_written_without_a_delay_for_others_alone(tmp_path):
    for reader, delays in ((None, 1), ("norse", 0)):
        nd.write_nir(NETWORKS["feedback"], tmp_path / "net.nir", reader=reader)
        with h5py.File(tmp_path / "net.nir") as file:
            kinds = [node["type"][()] for node in file["node/nodes"].values()]
        assert kinds.count(b"Delay") == delays


def test_spikingjelly_which_fires_at_the_threshold_gets_the_float32_above_it(tmp_path):
    halves = row(population("a", 1, tau_s=0.002, v_threshold=0.7), n_in=1)
    nd.write_nir(halves, tmp_path / "net.nir", reader="spikingjelly")
    (threshold,) = nd.read_nir(tmp_path / "net.nir").population("a").v_threshold
    assert np.float32(threshold) == threshold > 0.7
    assert np.nextafter(np.float32(threshold), np.float32(0)) <= 0.7


def test_an_unknown_framework_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(nd.NeurodeployError, match="did you mean 'snntorch'"):
        nd.write_nir(PLAIN, tmp_path / "net.nir", reader="snntroch")


def test_a_graph_that_is_not_sound_is_told_so_before_it_is_rewritten(tmp_path):
    broken = replace(PLAIN, readout=Readout(population="nobody"))
    with pytest.raises(nd.NeurodeployError) as error:
        nd.write_nir(broken, tmp_path / "net.nir", reader="snntorch")
    assert "ND170" not in str(error.value) and list(tmp_path.iterdir()) == []


def test_one_threshold_moves_leak_and_reset_as_well():
    graph = row(population("a", 12, **PER_NEURON | {"v_leak": 0.2, "v_reset": -0.3}))
    one = with_one_threshold(graph)
    assert np.unique(one.population("a").v_threshold).size == 1
    spikes = given(graph)
    a, b = (nd.simulate(each, spikes).populations["a"].spikes for each in (graph, one))
    assert a.any() and np.array_equal(a, b)
