"""Files that declare what they do not hold, or hold what no network has: one finding each, at once."""

import copy
import sys
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.nir.read import describe_nir, read_nir

sys.path.insert(0, str(Path(__file__).parent))
import nir_files as files

DT_S = 0.01
CASES = Path(__file__).parents[4] / "shared" / "fuzz-cases"


@pytest.fixture
def read(tmp_path):
    """Write a tree and read it."""
    return lambda tree: read_nir(files.write(tmp_path / "g.nir", tree))


@pytest.fixture
def refused(read):
    """Write a tree and give the code and place of the first finding."""

    def run(tree):
        tracemalloc.start()
        with pytest.raises(NeurodeployError) as error:
            read(tree)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert error.value.exit_code == 2
        assert peak < 50e6
        found = error.value.findings[0]
        assert found.render().replace("\n", "").isprintable()
        return found.code, found.where.partition(": ")[2]

    return run


def with_parameter(where, key, value):
    tree = files.sound()
    tree["nodes"][where][key] = value
    return tree


def declared(shape, dtype="f8", **options):
    """An array of which nothing is stored."""
    return lambda group, key: group.create_dataset(key, shape=shape, dtype=dtype, **options)


@pytest.mark.parametrize(
    "shape",
    [[-5], [0], [10**9], [np.nan], [1.5], ["abc"], [2**40, 2**40], [], [[1, 2], [3, 0]], 1j, [1] * 33],
    ids=str,
)
def test_an_input_has_a_shape_of_a_size_that_can_be_held(refused, shape):
    value = np.array(shape, dtype=object) if shape == ["abc"] else np.array(shape)
    assert refused(with_parameter("input", "shape", value)) == ("ND124", "input.shape")


def test_an_output_with_a_shape_that_is_none_is_found_too(refused):
    assert refused(with_parameter("output", "shape", np.array([np.nan]))) == ("ND124", "output.shape")


@pytest.mark.parametrize("chunks", [None, True])
@pytest.mark.parametrize(("where", "key"), [("n0", "weight"), ("n0", "bias"), ("n1", "tau")])
def test_an_array_that_is_declared_and_not_stored_takes_no_memory(refused, where, key, chunks):
    shape = (10**6, 10**6) if key == "weight" else (10**12,)
    code, place = refused(with_parameter(where, key, declared(shape, chunks=chunks)))
    assert code == "ND116"
    assert key in place


def test_many_arrays_that_are_each_small_enough_are_counted_together(refused, monkeypatch):
    monkeypatch.setattr("neurodeploy.nir.storage.MAX_NUMBERS", 20)
    assert refused(files.sound())[0] == "ND116"


def test_compressed_zeros_are_held_against_the_limit_of_an_array(refused):
    def zeros(group, key):
        array = group.create_dataset(key, shape=(9000, 9000), dtype="f8", chunks=(9000, 9000), compression=4)
        array.id.write_direct_chunk((0, 0), b"\0" * 900_000)  # as deflate may do it; never unpacked

    assert refused(with_parameter("n0", "weight", zeros)) == ("ND116", "'/node/nodes/n0/weight'")


def test_a_wide_input_needs_no_square_of_its_size(read):
    n = 100_000
    scale = files.node("Scale", scale=np.full(1, 2.0))
    tracemalloc.start()
    graph = read(files.chain(scale, files.lif(1), n_in=n, n_out=n))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # n * n numbers would be 80 GB
    assert graph.projections[0].shape == (1, n, n)
    assert (graph.projections[0].listed.weight == 2).all()
    assert graph.population("n1").size == n


def test_an_input_that_the_weights_do_not_fit_is_a_finding(refused):
    assert refused(with_parameter("input", "shape", np.array([100_000]))) == ("ND105", "input -> n0")


def test_more_neurons_than_can_be_held_are_a_finding(refused):
    tree = files.sound()
    for k in range(3):
        tree["nodes"][f"big{k}"] = files.lif(1)
        tree["edges"] = np.vstack([tree["edges"], [["input", f"big{k}"]]])
    tree["nodes"]["input"]["shape"] = np.array([2**21])
    assert refused(tree)[0] == "ND116"


def test_products_that_no_file_holds_are_refused_before_they_are_made(refused):
    wide = files.node("Linear", weight=np.ones((1, 9000)))
    tall = files.node("Linear", weight=np.ones((9000, 1)))
    assert refused(files.chain(wide, tall, files.lif(1), n_in=9000, n_out=9000)) == ("ND116", "n1")


def test_delays_that_multiply_synapses_are_bounded(refused, monkeypatch):
    monkeypatch.setattr("neurodeploy.nir.wires.MAX_SYNAPSES", 1000)
    dense = files.node("Linear", weight=np.ones((20, 20)))
    later = files.node("Delay", delay=0.01 * np.arange(20))
    tree = files.chain(dense, later, dense, files.lif(1), n_in=20, n_out=20)
    assert refused(tree) == ("ND116", "n2")  # 20 delays of 20 x 20 synapses


def test_what_is_on_the_way_is_bounded_and_forgotten(read, refused, monkeypatch):
    monkeypatch.setattr("neurodeploy.nir.linear.MAX_KEPT", 20)
    scales = [files.node("Scale", scale=np.full(1, 1.0)) for _ in range(30)]
    assert read(files.chain(*scales, files.lif(1), n_out=3)).population("n30").size == 3  # one at a time
    names = [f"s{k}" for k in range(8)]
    nodes = {"input": files.node("Input", shape=np.array([3])), "n": files.lif(3)}
    nodes |= {name: files.node("Scale", scale=np.full(1, 1.0)) for name in names}
    edges = [*(("input", name) for name in names), *((name, "n") for name in names)]
    assert refused(files.graph(nodes, edges, {"dt": 0.01}))[0] == "ND116"  # eight at a time


@pytest.mark.parametrize("delay", [1e18, 1e30, 2.0**63, 1e300])
def test_a_delay_without_end_is_a_finding(refused, delay):
    later = files.node("Delay", delay=np.full(3, delay))
    weight = files.node("Linear", weight=np.ones((2, 3)))
    assert refused(files.chain(later, weight, files.lif()))[0] == "ND114"
    twice = files.chain(files.node("Delay", delay=np.full(3, 1e308)), later, weight, files.lif())
    assert refused(twice)[0] in ("ND101", "ND114")


@pytest.mark.parametrize("dt", [5e-324, 1e300, 0.0, -1.0])
def test_a_step_without_a_sensible_length_is_a_finding(read, tmp_path, dt):
    for tree, given in ((files.sound(dt=dt), None), (files.sound(), dt)):
        path = files.write(tmp_path / "dt.nir", tree)
        for run in (read_nir, describe_nir):
            with pytest.raises(NeurodeployError, match="ND112"):
                run(path, given)


@pytest.mark.slow
def test_a_chain_as_long_as_a_file_is_read(read):
    scales = [files.node("Scale", scale=np.full(1, 1.1)) for _ in range(600)]
    graph = read(files.chain(*scales, files.lif(1), n_out=3))
    np.testing.assert_allclose(graph.projections[0].weight[0], 1.1**600 * np.eye(3))


def test_a_weight_that_overflows_on_the_way_is_a_finding(refused):
    scales = [files.node("Scale", scale=np.full(1, 1e200)) for _ in range(2)]
    code, place = refused(files.chain(*scales, files.lif(1), n_out=3))
    assert (code, place) == ("ND101", "g: input->n2.weight[0, 0, 0], first of 3")


def test_a_row_of_diamonds_is_walked_once(read):
    nodes = {"input": files.node("Input", shape=np.array([1])), "d0": files.node("Scale", scale=np.ones(1))}
    edges = [("input", "d0")]
    for k in range(60):
        for side in "ab":
            nodes[f"{side}{k}"] = files.node("Scale", scale=np.full(1, 0.5))
            edges += [(f"d{k}", f"{side}{k}"), (f"{side}{k}", f"d{k + 1}")]
        nodes[f"d{k + 1}"] = files.node("Scale", scale=np.ones(1))
    nodes["n"] = files.lif(1)
    graph = read(files.graph(nodes, [*edges, ("d60", "n")], {"dt": 0.01}))
    assert graph.projections[0].weight.item() == 1.0


def test_a_loop_of_linear_nodes_is_named(refused):
    tree = files.chain(files.node("Scale", scale=np.ones(3)), files.lif(3), n_out=3)
    tree["nodes"]["back"] = files.node("Scale", scale=np.ones(3))
    tree["edges"] = np.vstack([tree["edges"], [["n0", "back"], ["back", "n0"]]])
    code, place = refused(tree)
    assert (code, place) == ("ND122", "n0 -> back -> n0")


def nested(depth, inner):
    for _ in range(depth):
        doors = {name: files.node(name.title(), shape=np.array([3])) for name in ("input", "output")}
        inner = files.graph(doors | {"g": inner}, [("input", "g"), ("g", "output")])
    return inner


@pytest.mark.slow
def test_graphs_in_graphs_are_read_and_too_many_are_a_finding(read, refused):
    scale = files.node("Scale", scale=np.full(1, 3.0))
    graph = read(files.chain(nested(40, scale), files.lif(1), n_out=3))
    assert (graph.projections[0].weight[0] == 3 * np.eye(3)).all()
    assert refused(files.chain(nested(60, scale), files.lif(1), n_out=3))[0] == "ND002"


@pytest.mark.parametrize(
    "link", [h5py.SoftLink("/node"), h5py.ExternalLink("/etc/passwd", "/"), h5py.SoftLink("/nowhere")]
)
def test_a_link_is_not_followed(refused, link):
    def put(group, key):
        group[key] = link

    assert refused(with_parameter("n1", "tau", put))[0] == "ND002"


def test_a_group_inside_itself_is_a_finding(refused):
    def itself(group, key):
        group[key] = group.file["node"]

    assert refused(with_parameter("n1", "tau", itself))[0] == "ND002"


def test_an_array_in_another_file_is_not_read(refused, tmp_path):
    (tmp_path / "secret").write_bytes(b"\0" * 16)
    outside = declared((2,), external=[(str(tmp_path / "secret"), 0, 16)])
    assert refused(with_parameter("n1", "tau", outside))[0] == "ND002"


@pytest.mark.parametrize(
    "value",
    [np.ones(3), "dt=1", 3.0, np.array(["a"], dtype=object)],
    ids=["array", "text", "number", "texts"],
)
def test_metadata_of_another_type_are_a_finding(refused, value):
    assert refused(files.sound() | {"metadata": value}) == ("ND124", "metadata")


@pytest.mark.parametrize("key", ["dt", "input_max", "name", "populations", "readout", "score"])
def test_a_key_of_the_metadata_of_another_type_is_a_finding(refused, key):
    tree = files.sound(
        readout="n1", score="spike_count", **{key: np.ones(3)} if key not in ("readout", "score") else {}
    )
    tree["metadata"][key] = np.ones(3)
    assert refused(tree) == ("ND124", f"metadata.{key}")


@pytest.mark.parametrize("value", [0, 1.9, -1, np.nan, 2.0**40, "many"])
def test_the_largest_input_is_a_whole_number_above_0(refused, value):
    assert refused(files.sound(input_max=value)) == ("ND124", "metadata.input_max")


@pytest.mark.parametrize("value", [1, 3.0, np.array([7])])
def test_the_largest_input_is_read_as_it_stands(read, value):
    assert read(files.sound(input_max=value)).input_max == int(np.asarray(value).item())


def renamed(name):
    tree = files.sound()
    tree["nodes"][name] = tree["nodes"].pop("n1")
    tree["edges"] = np.where(tree["edges"] == "n1", name, tree["edges"])
    return tree


@pytest.mark.parametrize("name", ["a\x1b[31m", "a->b", "..", "x" * 300, "a\nb", "\u202eabc"])
def test_a_neuron_with_a_name_that_no_file_can_have_is_a_finding(refused, name):
    code, place = refused(renamed(name))
    assert code == "ND106"
    assert "\x1b" not in place


def test_a_neuron_called_input_gets_another_name_and_this_is_said(read):
    tree = files.sound()
    tree["nodes"]["x"], tree["nodes"]["input"] = tree["nodes"]["input"], tree["nodes"].pop("n1")
    tree["edges"] = np.array([["x", "n0"], ["n0", "input"], ["input", "output"]], dtype=object)
    graph = read(tree)
    assert [p.name for p in graph.populations] == ["input_neurons"]
    assert [p.name for p in graph.projections] == ["input->input_neurons"]
    assert [(n.code, n.severity.value) for n in graph.notes] == [("ND128", "note")]


@pytest.mark.parametrize("name", ["[bold]x[", "[red]", "ä ö", "a b", "None", "0"])
def test_a_neuron_may_have_any_other_name(read, name):
    assert [p.name for p in read(renamed(name)).populations] == [name]


def test_a_linear_node_may_have_the_name_of_the_input(read):
    tree = files.sound()
    tree["nodes"]["x"], tree["nodes"]["input"] = tree["nodes"]["input"], tree["nodes"].pop("n0")
    tree["edges"] = np.array([["x", "input"], ["input", "n1"], ["n1", "output"]], dtype=object)
    assert read(tree).projections[0].weight.tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_names_that_meet_when_graphs_are_taken_apart_are_a_finding(refused):
    tree = files.sound()
    inner = files.graph(
        {"b": files.lif(), "output": files.node("Output", shape=np.array([2]))}, [("b", "output")]
    )
    tree["nodes"] |= {"a": inner, "a.b": files.lif()}
    assert refused(tree) == ("ND106", "a.b")


def test_the_name_of_a_network_can_be_printed(refused):
    assert refused(files.sound(name="\x1b]0;x\x07"))[0] == "ND106"


def test_a_resistance_of_nothing_is_a_finding(refused):
    assert refused(with_parameter("n1", "r", np.zeros(2)))[0] == "ND115"


def test_a_neuron_without_synapses_is_read(read):
    tree = files.sound()
    tree["nodes"]["alone"] = files.lif()
    graph = read(tree)
    assert [p.name for p in graph.populations] == ["alone", "n1"]
    assert [p.name for p in graph.projections] == ["input->n1"]


@pytest.mark.parametrize("key", ["start_dim", "end_dim", "input_type"])
@pytest.mark.parametrize("value", [np.nan, "x", np.ones(3) / 2, np.array([], dtype=int)], ids=str)
def test_a_flatten_of_nothing_in_particular_is_a_finding(refused, key, value):
    flatten = {"start_dim": 0, "end_dim": -1, "input_type": np.array([3, 1])} | {key: value}
    tree = files.chain(
        files.node("Flatten", **flatten), files.node("Linear", weight=np.ones((2, 3))), files.lif()
    )
    assert refused(tree) == ("ND124", "n0")


def test_at_most_twenty_findings_are_told(read):
    nodes = {f"c{k}": files.node("Conv2d") for k in range(200)}
    with pytest.raises(NeurodeployError) as error:
        read(files.graph(nodes, []))
    assert len(error.value.findings) == 20


def test_texts_are_read_a_few_at_a_time_and_not_without_end(refused, monkeypatch):
    monkeypatch.setattr("neurodeploy.nir.storage.MAX_TEXT", 2**16)
    tree = files.sound()
    tree["edges"] = np.array([["x" * 40_000, "n0"], ["n0", "n1"]], dtype=object)
    assert refused(tree)[0] == "ND122"
    long = files.sound(name="y" * 70_000)
    assert refused(long)[0] == "ND116"


def test_the_sound_file_is_read(read):
    graph = read(copy.deepcopy(files.sound()))
    assert graph.projections[0].weight.tolist() == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", sorted(CASES.glob("nir-*")) or [None], ids=lambda c: getattr(c, "name", "none")
)
def test_a_file_that_once_broke_the_program_is_read_or_refused(case):
    if case is None:
        pytest.skip("needs ../shared/fuzz-cases: not on this machine")
    for run in (read_nir, describe_nir):
        try:
            run(case, None if "dt" in case.name else 0.001)
        except NeurodeployError as error:
            assert error.exit_code == 2
