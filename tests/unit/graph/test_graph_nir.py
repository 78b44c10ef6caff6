"""NIR in and out: the form of our files, files of others, and what cannot be read."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import NeuronModel, Projection, Readout
from neurodeploy.nir.read import from_nir, read_nir
from neurodeploy.nir.write import to_nir, write_nir

DT_S = 0.01
SHARED = Path(__file__).parents[4] / "shared" / "nir"


def chain(*nodes, n_in=1, n_out=1):
    """Join nodes of one input and one output, named n0, n1, ..."""
    named = {
        "input": nir.Input(np.array([n_in])),
        **{f"n{k}": node for k, node in enumerate(nodes)},
        "output": nir.Output(np.array([n_out])),
    }
    return nir.NIRGraph(named, list(pairwise(named)), type_check=False)


def lif(n=1, **changes):
    one = np.ones(n)
    defaults = {"tau": 0.05 * one, "r": one, "v_leak": 0 * one, "v_threshold": one, "v_reset": 0 * one}
    return nir.LIF(**defaults | changes)


def findings(run, *args, **kwargs):
    with pytest.raises(NeurodeployError) as error:
        run(*args, **kwargs)
    assert error.value.exit_code == 2
    return error.value.findings


def test_the_same_graph_gives_the_same_bytes(graph, tmp_path):
    write_nir(graph, tmp_path / "a.nir")
    write_nir(graph, tmp_path / "b.nir")
    assert (tmp_path / "a.nir").read_bytes() == (tmp_path / "b.nir").read_bytes()


def test_a_file_holds_one_branch_for_each_delay_and_one_bias_for_each_population(changed, tmp_path):
    write_nir(changed("a", bias=np.array([0.5, 0.25])), tmp_path / "g.nir")
    read = nir.read(tmp_path / "g.nir")  # nir's own reader, with its type check
    delays = sorted(float(n.delay[0]) for n in read.nodes.values() if isinstance(n, nir.Delay))
    assert delays == [DT_S, 2 * DT_S]  # 0 needs none
    assert all(n.delay.shape == (3,) for n in read.nodes.values() if isinstance(n, nir.Delay))
    biases = [n.bias.tolist() for n in read.nodes.values() if isinstance(n, nir.Affine)]
    assert sorted(biases) == [[0.0, 0.0], [0.5, 0.25]]
    weights = {
        source: read.nodes[target].weight.tolist()
        for source, target in read.edges
        if isinstance(read.nodes[target], nir.Linear)
    }
    assert weights == {
        "input_to_a_1_delay": [[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]],
        "input_to_a_2_delay": [[0.0, 0.0, 0.0], [0.5, -1.0, 0.0]],
    }
    assert read.nodes["a"].tau.shape == (2,)
    assert float(read.metadata["dt"]) == DT_S


def test_what_is_wrong_is_not_written(changed, tmp_path):
    (finding,) = findings(write_nir, changed("a", tau_s=np.array([0.05, 0.001])), tmp_path / "g.nir")
    assert finding.code == "ND102"
    assert list(tmp_path.iterdir()) == []


def test_a_population_without_synapses_keeps_its_bias(changed, graph, population, tmp_path):
    alone = population("alone", bias=0.75)
    lonely = changed(populations=(alone, *graph.populations), projections=())
    write_nir(lonely, tmp_path / "g.nir")
    read = read_nir(tmp_path / "g.nir")
    assert read.population("alone").bias.tolist() == [0.75, 0.75]
    assert read.projections == ()
    assert [p.name for p in read.populations] == ["alone", "a", "out"]


def test_a_network_that_does_not_use_its_input_is_written(changed, graph, tmp_path):
    loop = Projection(source="a", target="a", weight=np.ones((1, 2, 2)), delay_s=np.full((1, 2, 2), DT_S))
    both = changed(projections=(graph.projections[1], loop))
    write_nir(both, tmp_path / "g.nir")
    assert [p.name for p in read_nir(tmp_path / "g.nir").projections] == ["a->a", "a->out"]


def test_delays_that_went_through_float32_come_back_onto_the_grid(graph):
    steps = np.array([[[3, 7, 11], [13, 17, 24]]])
    projection = replace(graph.projections[0], delay_s=(steps * DT_S).astype(np.float32).astype(np.float64))
    blurred = replace(graph, projections=(projection, graph.projections[1]))
    read = from_nir(to_nir(blurred))
    used = projection.weight != 0
    assert np.array_equal(read.projections[0].delay_s[used], (steps * DT_S)[used])


def test_float32_delays_of_others_come_onto_the_grid_and_others_stay():
    delays = np.array([7 * DT_S, 7.4 * DT_S], dtype=np.float32)
    read = from_nir(chain(nir.Delay(delays), nir.Linear(np.ones((1, 2))), lif(), n_in=2), DT_S)
    assert read.projections[0].delay_s.tolist() == [[[7 * DT_S, float(delays[1])]]]


@pytest.mark.parametrize("given", [None, DT_S, np.float32(DT_S)])
def test_the_recorded_dt_is_used(graph, given):
    assert from_nir(to_nir(graph), given).dt_s == DT_S


def test_another_dt_than_the_recorded_one_is_a_finding(graph):
    (finding,) = findings(from_nir, to_nir(graph), 0.001)
    assert finding.code == "ND125"


def test_without_any_dt_the_help_says_to_give_one():
    (finding,) = findings(from_nir, chain(nir.Linear(np.ones((1, 1))), lif()))
    assert finding.code == "ND121"
    assert "--dt" in finding.help


@pytest.mark.parametrize(
    ("neuron", "model", "score"),
    [
        (lif(), NeuronModel.LIF, "spike_count"),
        (nir.LI(tau=np.full(1, 0.05), r=np.ones(1), v_leak=np.zeros(1)), NeuronModel.LI, "softmax_sum"),
    ],
)
def test_a_file_of_others_gets_a_readout_at_its_output(neuron, model, score):
    graph = from_nir(chain(nir.Linear(np.full((1, 1), 2.0)), neuron), DT_S)
    assert graph.populations[0].model is model
    assert graph.readout == Readout(population="n1", score=score)


def test_size_one_parameters_stand_for_every_neuron():  # norse issue 412
    graph = from_nir(chain(nir.Affine(np.ones((4, 3)), np.arange(4.0)), lif(1), n_in=3, n_out=4), DT_S)
    (population,) = graph.populations
    assert population.size == 4
    assert population.v_threshold.tolist() == [1.0] * 4
    assert population.bias.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_scalar_parameters_stand_for_every_neuron(tmp_path):
    nir.write(tmp_path / "g.nir", chain(nir.Linear(np.ones((4, 3))), lif(1), n_in=3, n_out=4))
    with h5py.File(tmp_path / "g.nir", "r+") as file:
        for key in ("tau", "v_threshold"):
            del file[f"node/nodes/n1/{key}"]
            file[f"node/nodes/n1/{key}"] = np.float32(0.5)
        del file["node/nodes/n1/v_reset"]
    (population,) = read_nir(tmp_path / "g.nir", DT_S).populations
    assert population.tau_s.tolist() == [0.5] * 4
    assert population.v_reset.tolist() == [0.0] * 4


def test_a_delay_after_the_weights_delays_the_synapses_of_each_target():
    after = chain(nir.Linear(np.ones((2, 3))), nir.Delay(np.array([DT_S, 3 * DT_S])), lif(2), n_in=3, n_out=2)
    (projection,) = from_nir(after, DT_S).projections
    assert np.array_equal(projection.delay_s, np.broadcast_to([[[DT_S], [3 * DT_S]]], (1, 2, 3)))


def test_a_delay_of_each_source_before_the_weights_delays_its_synapses():
    delays = nir.Delay(np.array([0, DT_S, 2 * DT_S]))
    before = chain(delays, nir.Linear(np.ones((2, 3))), lif(2), n_in=3, n_out=2)
    (projection,) = from_nir(before, DT_S).projections
    assert np.array_equal(projection.delay_s, np.broadcast_to([[[0, DT_S, 2 * DT_S]]], (1, 2, 3)))


def test_chains_of_linear_nodes_are_multiplied_in_their_order():
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0]])
    first, last = nir.Affine(a, np.array([1.0, -1.0])), nir.Affine(b, np.array([7.0]))
    graph = from_nir(chain(first, nir.Scale(np.array([2.0, 3.0])), last, lif(), n_in=2), DT_S)
    assert np.array_equal(graph.projections[0].weight[0], b @ np.diag([2.0, 3.0]) @ a)
    assert graph.populations[0].bias.tolist() == [5 * 2 * 1 + 6 * 3 * -1 + 7]


@pytest.mark.parametrize(("start", "end"), [(0, -1), (1, -1), (0, 1), (1, 1), (-1, -1), (-2, -1), (5, -1)])
def test_a_flatten_over_any_axes_keeps_every_element_in_its_place(start, end):
    nodes = {
        "input": nir.Input(np.array([2, 3])),
        "f": nir.Flatten(None, start_dim=start, end_dim=end),
        "w": nir.Linear(np.arange(6.0)[None]),
        "n": lif(),
        "output": nir.Output(np.array([1])),
    }
    graph = from_nir(nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False), DT_S)
    assert graph.input_size == 6
    assert graph.projections[0].weight[0].tolist() == [[0, 1, 2, 3, 4, 5]]


def test_a_flatten_that_leaves_more_elements_than_the_weights_take_is_a_finding():
    nodes = {
        "input": nir.Input(np.array([2, 3])),
        "f": nir.Flatten(None, start_dim=1, end_dim=-1),
        "w": nir.Linear(np.ones((1, 3))),
        "n": lif(),
        "output": nir.Output(np.array([1])),
    }
    (finding,) = findings(from_nir, nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False), DT_S)
    assert finding.code == "ND105"


def recurrent(nested):
    """A LIF population that feeds itself through an Affine, flat or as NIRTorch nests it."""
    loop = {"lif": lif(2), "w_rec": nir.Affine(np.array([[0.0, 3.0], [0.0, 0.0]]), np.array([0.5, 0.0]))}
    inner = [("lif", "w_rec"), ("w_rec", "lif")]
    ends = {"input": nir.Input(np.array([1])), "output": nir.Output(np.array([2]))}
    outer = ends | {"fc": nir.Linear(np.ones((2, 1)))}
    if not nested:
        edges = [("input", "fc"), ("fc", "lif"), *inner, ("lif", "output")]
        return nir.NIRGraph(outer | loop, edges)
    doors = {"input": nir.Input(np.array([2])), "output": nir.Output(np.array([2]))}
    layer = nir.NIRGraph(doors | loop, [("input", "lif"), *inner, ("lif", "output")])
    return nir.NIRGraph(outer | {"layer": layer}, [("input", "fc"), ("fc", "layer"), ("layer", "output")])


@pytest.mark.parametrize(("nested", "name"), [(False, "lif"), (True, "layer.lif")])
def test_a_population_that_feeds_itself_does_so_one_step_later(nested, name, tmp_path):
    nir.write(tmp_path / "g.nir", recurrent(nested))
    graph = read_nir(tmp_path / "g.nir", DT_S)
    assert [p.name for p in graph.projections] == [f"input->{name}", f"{name}->{name}"]
    loop = graph.projections[1]
    assert loop.weight.tolist() == [[[0, 3], [0, 0]]]
    assert loop.delay_s.tolist() == [[[0, DT_S], [0, 0]]]
    assert graph.population(name).bias.tolist() == [0.5, 0.0]
    assert graph.readout.population == name


def test_an_explicit_delay_of_a_loop_gets_no_further_step():
    graph = recurrent(nested=False)
    graph.nodes["d"] = nir.Delay(np.full(2, DT_S))
    graph.edges = [e for e in graph.edges if e != ("lif", "w_rec")] + [("lif", "d"), ("d", "w_rec")]
    assert from_nir(graph, DT_S).projections[1].delay_s.max() == DT_S


def test_a_longer_loop_without_delay_is_a_finding():
    nodes = {"input": nir.Input(np.array([1])), "output": nir.Output(np.array([1])), "a": lif(), "b": lif()}
    nodes |= {name: nir.Linear(np.ones((1, 1))) for name in ("w", "ab", "ba")}
    edges = [("input", "w"), ("w", "a"), ("a", "ab"), ("ab", "b"), ("b", "ba"), ("ba", "a"), ("b", "output")]
    (finding,) = findings(from_nir, nir.NIRGraph(nodes, edges), DT_S)
    assert finding.code == "ND108"


def test_populations_of_others_are_put_in_order():
    nodes = {"input": nir.Input(np.array([1])), "output": nir.Output(np.array([1]))}
    layers = ["10", "9", "1"]  # neither in the order of names nor of numbers
    edges, before = [], "input"
    for name in layers:
        nodes |= {f"w{name}": nir.Linear(np.ones((1, 1))), name: lif()}
        edges += [(before, f"w{name}"), (f"w{name}", name)]
        before = name
    graph = from_nir(nir.NIRGraph(nodes, [*edges, (before, "output")]), DT_S)
    assert [p.name for p in graph.populations] == layers


def test_populations_of_others_that_only_delays_join_stand_by_their_distance_from_the_input():
    one = np.ones((1, 1))
    delayed = chain(nir.Linear(one), lif(), nir.Delay(np.full(1, DT_S)), nir.Linear(one), lif())
    delayed.nodes["a"] = delayed.nodes.pop("n4")
    delayed.edges = [tuple("a" if name == "n4" else name for name in edge) for edge in delayed.edges]
    assert [p.name for p in from_nir(delayed, DT_S).populations] == ["n1", "a"]


@pytest.mark.parametrize(
    ("nodes", "code", "where"),
    [
        ((nir.Threshold(np.ones(1)), lif()), "ND120", "n0"),
        ((nir.Affine(np.full((1, 1), np.nan), np.zeros(1)), lif()), "ND101", "n0.weight[0, 0]"),
        ((nir.Linear(np.ones((1, 1))), lif(tau=np.full(1, 1e-6))), "ND102", "n1.tau_s[0]"),
        ((nir.Linear(np.ones((1, 1, 1))), lif()), "ND124", "n0.weight"),
        ((nir.Linear(np.ones((1, 2))), lif()), "ND105", "input -> n0"),
        ((nir.Linear(np.ones((3, 1))), lif(2)), "ND105", "n0 -> n1"),
        ((nir.Affine(np.ones((1, 1)), np.ones(1)), nir.Delay(np.full(1, DT_S)), lif()), "ND122", "n1"),
        ((nir.Delay(np.full(1, -DT_S)), nir.Linear(np.ones((1, 1))), lif()), "ND103", "input->n2"),
    ],
)
def test_what_cannot_be_represented_is_named(nodes, code, where):
    found = findings(from_nir, chain(*nodes), DT_S)
    assert [finding.code for finding in found] == [code]
    assert where in found[0].where


def test_an_unsupported_node_is_named_with_its_type_and_what_is_supported(tmp_path):
    nir.write(tmp_path / "g.nir", chain(nir.Threshold(np.ones(1)), lif()))
    (finding,) = findings(read_nir, tmp_path / "g.nir", DT_S)
    assert (finding.code, finding.found) == ("ND120", "Threshold")
    assert finding.where.endswith("g.nir: n0")
    assert "CubaLIF" in finding.limit


def test_files_that_are_missing_truncated_or_something_else_are_findings(graph, tmp_path):
    assert findings(read_nir, tmp_path / "none.nir")[0].code == "ND001"
    write_nir(graph, tmp_path / "whole.nir")
    whole = (tmp_path / "whole.nir").read_bytes()
    for k, content in enumerate((b"", b"no HDF5", whole[: len(whole) // 2], whole[:600])):
        path = tmp_path / f"{k}.nir"
        path.write_bytes(content)
        assert findings(read_nir, path)[0].code == "ND002"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    assert findings(read_nir, tmp_path / "other.h5")[0].code == "ND002"


def test_an_edge_to_nowhere_and_a_second_input_are_findings():
    graph = chain(nir.Linear(np.ones((1, 1))), lif())
    graph.edges.append(("n1", "gone"))
    assert findings(from_nir, graph, DT_S)[0].code == "ND122"
    graph = chain(nir.Linear(np.ones((1, 1))), lif())
    graph.nodes["input2"] = nir.Input(np.array([1]))
    assert findings(from_nir, graph, DT_S)[0].code == "ND122"


def test_neurons_of_different_sizes_and_missing_parameters_are_findings(tmp_path):
    nir.write(tmp_path / "g.nir", chain(nir.Linear(np.ones((4, 1))), lif(4), n_out=4))
    with h5py.File(tmp_path / "g.nir", "r+") as file:
        del file["node/nodes/n1/tau"]
        file["node/nodes/n1/tau"] = np.ones(3)
        del file["node/nodes/n0/weight"]
    assert [f.code for f in findings(read_nir, tmp_path / "g.nir", DT_S)] == ["ND124", "ND124"]


def test_the_recording_of_norse_is_reproduced_in_every_spike():
    if not (SHARED / "lif_norse.nir").is_file():
        pytest.skip("needs ../shared/nir: not on this machine")
    graph = read_nir(SHARED / "lif_norse.nir", dt_s=1e-4, dialect="nir")
    recording = np.loadtxt(SHARED / "lif_norse.csv", delimiter=",")
    for run in (interpret, interpret_reference):
        trace = run(graph, recording[None, :, :1]).populations["1"]
        assert np.array_equal(trace.spikes[0, :, 0], recording[:, 2])
        # the recording was computed in float32: 1,000 roundings of 6e-8 of values below 0.11
        np.testing.assert_allclose(trace.v[0, :, 0], recording[:, 1], rtol=0, atol=1e-7)
    assert recording[:, 2].sum() == 4


def test_the_recurrent_braille_network_is_read_and_written_unchanged(tmp_path):
    if not (SHARED / "braille_noDelay_bias_zero.nir").is_file():
        pytest.skip("needs ../shared/nir: not on this machine")
    graph = read_nir(SHARED / "braille_noDelay_bias_zero.nir", dt_s=1e-4, dialect="snntorch:reset=zero")
    assert [(p.name, p.size) for p in graph.populations] == [("lif1.lif", 38), ("lif2", 7)]
    assert [p.name for p in graph.projections] == ["input->lif1.lif", "lif1.lif->lif1.lif", "lif1.lif->lif2"]
    assert np.unique(graph.projections[1].delay_s).tolist() == [1e-4]
    write_nir(graph, tmp_path / "again.nir")
    spikes = (np.random.default_rng(0).random((4, 60, 12)) < 0.3).astype(np.uint8)
    before, after = interpret(graph, spikes), interpret(read_nir(tmp_path / "again.nir"), spikes)
    assert np.array_equal(before.populations["lif1.lif"].v, after.populations["lif1.lif"].v)
    assert before.populations["lif1.lif"].spikes.any()
    assert canonical(graph).projections[1].n_taps == 1
