"""Each rule on both sides of its limit."""

import numpy as np
import pytest

from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import INPUT, NeuronModel, Projection, Readout

DT_S = 0.01


def codes(graph, **options):
    return [finding.code for finding in check_graph(graph, **options)]


def two(*values):
    return np.array(values, dtype=float)


def test_a_sound_graph_has_no_findings(graph):
    assert codes(graph, on_grid=True) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["tau_s", "v_threshold", "v_leak", "v_reset", "r", "bias"])
def test_a_number_that_is_not_finite_is_found_with_its_place(changed, name, value):
    (finding, *_) = check_graph(changed("a", **{name: two(1.0, value)}))
    assert finding.code == "ND101"
    assert finding.where == f"chain: a.{name}[1]"


def test_nan_in_a_weight_names_the_projection_and_the_element(changed, graph):
    weight = np.array(graph.projections[0].weight)
    weight[0, 1, 2] = np.nan
    (finding,) = check_graph(changed("input->a", weight=weight))
    assert (finding.code, finding.where) == ("ND101", "chain: input->a.weight[0, 1, 2]")


def test_nan_in_a_parameter_that_the_model_ignores_is_no_finding(changed):
    assert codes(changed("a", tau_syn_s=two(np.nan, np.nan), w_in=two(np.nan, np.nan))) == []
    assert codes(changed("out", v_threshold=two(np.nan, 1))) == []


@pytest.mark.parametrize(("tau_s", "found"), [(DT_S, []), (0.99 * DT_S, ["ND102"]), (np.float32(DT_S), [])])
def test_a_time_constant_is_at_least_one_step(changed, tau_s, found):
    assert codes(changed("a", tau_s=two(0.05, tau_s))) == found
    cuba = {"model": NeuronModel.CUBA_LIF}
    assert codes(changed("a", tau_syn_s=two(0.05, tau_s), **cuba)) == found
    assert codes(changed("a", tau_syn_s=two(0.05, tau_s))) == []  # LIF has no such filter


def test_a_delay_is_not_negative_where_there_is_a_synapse(changed, graph):
    delay_s = np.array(graph.projections[0].delay_s)
    delay_s[0, 1, 1] = -DT_S
    (finding,) = check_graph(changed("input->a", delay_s=delay_s))
    assert (finding.code, finding.where) == ("ND103", "chain: input->a.delay_s[0, 1, 1]")
    delay_s[0, 1, 1], delay_s[0, 0, 2] = DT_S, -DT_S  # weight 0 there
    assert codes(changed("input->a", delay_s=delay_s)) == []
    delay_s[0, 0, 0] = np.nan
    assert codes(changed("input->a", delay_s=delay_s)) == ["ND101"]


def test_a_delay_between_two_steps_is_an_error_only_where_asked(changed, graph):
    off = changed("input->a", delay_s=graph.projections[0].delay_s + 0.3 * DT_S)
    assert codes(off) == []
    assert codes(off, on_grid=True) == ["ND104"]


@pytest.mark.parametrize(("threshold", "found"), [(0.5, ["ND109"]), (0.49, ["ND109"]), (0.51, [])])
def test_a_threshold_lies_above_the_reset(changed, threshold, found):
    reset = two(0, 0.5)
    assert codes(changed("a", v_reset=reset, v_threshold=two(1, threshold))) == found
    assert codes(changed("out", v_reset=reset, v_threshold=two(1, threshold))) == []  # never compared


def test_wrong_shapes_are_found(changed):
    assert codes(changed("a", v_leak=np.zeros(1))) == ["ND105"]
    assert codes(changed("a", tau_s=np.zeros((2, 1)))) != []
    assert codes(changed("a->out", weight=np.ones((1, 2, 3)))) == ["ND105"]
    assert codes(changed("a->out", weight=np.ones((2, 2, 2)))) == ["ND105"]
    assert set(codes(changed("a->out", weight=np.ones((0, 2, 2)), delay_s=np.ones((0, 2, 2))))) == {"ND105"}
    assert set(codes(changed(input_size=4))) == {"ND105"}


@pytest.mark.parametrize("name", ["input", "", "a/b", "a->b", "..", "a\nb"])
def test_names_that_would_break_files_are_found(changed, graph, population, name):
    assert "ND106" in codes(changed(populations=(*graph.populations, population(name))))


def test_two_of_the_same_name_are_found(changed, graph, population):
    assert codes(changed(populations=(*graph.populations, population("a")))) == ["ND106"]
    assert codes(changed(projections=(*graph.projections, graph.projections[0]))) == ["ND106"]


def test_a_projection_to_nowhere_says_which_name_is_near(changed):
    (finding,) = check_graph(changed("a->out", target="oot"))
    assert finding.code == "ND107"
    assert "'out'" in finding.help
    assert codes(changed("a->out", source="b")) == ["ND107"]
    assert codes(changed("a->out", target=INPUT)) == ["ND107"]


@pytest.mark.parametrize(("steps", "found"), [(1, []), (0, ["ND108"])])
def test_a_recurrent_projection_needs_one_step(changed, graph, steps, found):
    loop = Projection(source="a", target="a", weight=np.eye(2)[None], delay_s=steps * DT_S * np.eye(2)[None])
    assert codes(changed(projections=(*graph.projections, loop))) == found


def test_a_loop_over_two_populations_needs_one_step_somewhere(changed, graph, population):
    def back(steps):
        shape = (1, 2, 2)
        return Projection(source="b", target="a", weight=np.ones(shape), delay_s=np.full(shape, steps * DT_S))

    there = Projection(source="a", target="b", weight=np.ones((1, 2, 2)), delay_s=np.zeros((1, 2, 2)))
    populations = (graph.populations[0], population("b"), graph.populations[1])
    loop = changed(populations=populations, projections=(*graph.projections, there, back(0)))
    (finding,) = check_graph(loop)
    assert finding.code == "ND108"
    assert finding.where == "chain: a, b"  # not the readout, which only hangs behind the loop
    assert codes(changed(populations=populations, projections=(*graph.projections, there, back(1)))) == []


def test_a_population_stands_after_what_it_depends_on_in_the_same_step(changed, graph):
    backwards = changed(populations=graph.populations[::-1])
    assert codes(backwards) == ["ND111"]
    later = changed("a->out", delay_s=np.full((1, 2, 2), DT_S))
    assert codes(later) == []


@pytest.mark.parametrize(
    ("name", "score", "found"),
    [
        ("out", "last", []),
        ("a", "spike_count", []),
        ("out", "spike_count", ["ND110"]),
        ("oot", "last", ["ND110"]),
        ("out", "lsat", ["ND110"]),
    ],
)
def test_a_readout_names_a_population_and_a_score_that_it_can_have(changed, name, score, found):
    assert codes(changed(readout=Readout(population=name, score=score))) == found


@pytest.mark.parametrize("fields", [{"dt_s": 0.0}, {"dt_s": np.nan}, {"input_max": 0}])
def test_a_step_has_a_length_and_an_input_a_size(changed, fields):
    assert codes(changed(**fields)) == ["ND112"]


def test_a_leaky_integrator_feeds_nothing(changed, graph):
    onward = Projection(source="out", target="a", weight=np.ones((1, 2, 2)), delay_s=np.full((1, 2, 2), DT_S))
    assert codes(changed(projections=(*graph.projections, onward))) == ["ND113"]
