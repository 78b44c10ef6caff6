"""What the figures draw: the data of their artists, not their pixels."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy import plot
from neurodeploy.data.samples import Samples
from neurodeploy.graph.interpret import interpret
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.units import delay_to_steps
from neurodeploy.verify.ladder import Rung

pytest.importorskip("matplotlib", reason="figures need matplotlib: not installed")


def traces_of(spikes: list[list[int]], v: list[list[float]] | None = None) -> Traces:
    """One sample of one population, ``[step][neuron]``."""
    array = None if v is None else np.array([v], dtype=np.float64)
    return Traces({"hidden": PopulationTrace(np.array([spikes], np.uint8), array)})


def points(ax, label: str) -> set[tuple[float, float]]:
    (line,) = (line for line in ax.lines if line.get_label() == label)
    return {(float(x), float(y)) for x, y in np.column_stack(line.get_data())}


def rung(title: str, accuracy: float | None, agreement: float | None = 100.0) -> Rung:
    return Rung(
        key=title,
        title=title,
        n_samples=10,
        accuracy=accuracy,
        agreement=agreement,
        mismatch={},
        spikes={},
        not_shared={},
        decisions=None,
    )


# ---- raster


def test_a_raster_marks_every_spike_at_its_step_and_neuron():
    ax = plot.raster({"input": np.array([[[1, 0], [0, 0]]]), "hidden": np.array([[[0, 0], [1, 1]]])})
    assert points(ax, "spikes") == {(0, 0), (1, 2), (1, 3)}
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["input", "hidden"]


def test_spikes_that_differ_are_drawn_apart():
    ax = plot.raster(traces_of([[1, 1], [0, 1]]), against=traces_of([[1, 0], [1, 1]]))
    assert points(ax, "in both") == {(0, 0), (1, 1)}
    assert points(ax, "only in the first") == {(0, 1)}
    assert points(ax, "only in the second") == {(1, 0)}


def test_traces_of_other_networks_are_not_overlaid():
    with pytest.raises(ValueError, match="not of the same network"):
        plot.raster(traces_of([[1, 1]]), against=traces_of([[1]]))


# ---- membrane


def test_a_membrane_is_drawn_around_the_first_difference():
    v = np.arange(100.0)
    other = v.copy()
    other[60:] += 1
    first, second = (traces_of([[0]] * 100, [[x] for x in values]) for values in (v, other))
    ax = plot.membrane(first, second, population="hidden", width=5)
    assert points(ax, "first") == {(x, x) for x in range(55, 66)}
    assert (60.0, 61.0) in points(ax, "second")
    assert {x for x, _ in points(ax, "step 60")} == {60.0}


def test_a_membrane_that_was_not_recorded_is_refused():
    with pytest.raises(ValueError, match="not recorded"):
        plot.membrane(traces_of([[0]]), population="hidden")


# ---- graphs


def test_a_delay_histogram_counts_every_synapse_and_shows_the_limit(tiny_graph):
    ax = plot.delay_histogram(tiny_graph, limit=62)
    for bars, projection in zip(ax.containers, tiny_graph.projections, strict=True):
        steps = delay_to_steps(projection.delay_s[projection.weight != 0], tiny_graph.dt_s)
        for bar in bars:
            assert bar.get_height() == np.count_nonzero(steps == round(bar.get_x() + bar.get_width() / 2))
    assert {x for x, _ in points(ax, "limit, 62 steps")} == {62.5}


def test_a_tau_spectrum_holds_every_time_constant_in_order(tiny_graph):
    varied = replace(tiny_graph.populations[0], tau_s=np.linspace(0.2, 0.02, 16))
    ax = plot.tau_spectrum(replace(tiny_graph, populations=(varied, *tiny_graph.populations[1:])))
    drawn = sorted(y for _, y in points(ax, "hidden1"))
    assert np.allclose(drawn, np.linspace(20, 200, 16)) and ax.get_yscale() == "log"


def test_a_weight_matrix_is_the_sum_over_taps_or_one_tap(tiny_graph):
    first = tiny_graph.projections[0]
    two = replace(
        first, weight=np.concatenate([first.weight, 2 * first.weight]), delay_s=np.ones((2, 16, 12))
    )
    assert np.allclose(plot.weight_matrix(two).images[0].get_array(), 3 * first.weight[0])
    assert np.allclose(plot.weight_matrix(two, tap=1).images[0].get_array(), 2 * first.weight[0])


def test_a_weight_grid_pairs_trained_and_deployed(tiny_graph):
    trained = tiny_graph.projections[2]
    deployed = replace(trained, weight=np.round(trained.weight))
    ax = plot.weight_grid(trained, deployed)
    x, y = ax.lines[0].get_data()
    assert np.array_equal(np.sort(x), np.sort(trained.weight.ravel())) and np.array_equal(y, np.round(x))


# ---- measured


def test_a_ladder_steps_from_rung_to_rung():
    ax = plot.ladder([rung("float", 90.0), rung("delays", 92.0), rung("weights", 85.0)])
    bars = [(bar.get_y(), bar.get_height()) for container in ax.containers for bar in container]
    assert bars == [(0, 90.0), (90.0, 2.0), (92.0, -7.0), (0, 85.0)]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["float", "delays", "weights", "deployed"]


def test_a_ladder_without_labels_shows_agreement():
    ax = plot.ladder([rung("float", None, 100.0), rung("weights", None, 97.0)])
    assert "agreement" in ax.get_ylabel()
    with pytest.raises(ValueError, match="no rungs"):
        plot.ladder([])


def test_a_confusion_matrix_counts_decisions(tiny_graph):
    spikes = (np.random.default_rng(3).random((9, 20, 12)) < 0.3).astype(np.uint8)
    traces = interpret(tiny_graph, spikes)
    predicted = traces.score.argmax(axis=1)
    labels = np.arange(9) % 3
    counts = np.asarray(plot.confusion(Samples(spikes, labels), traces).images[0].get_array())
    assert counts.shape == (3, 3) and counts.sum() == 9
    for label in range(3):
        for decision in range(3):
            assert counts[label, decision] == np.count_nonzero((labels == label) & (predicted == decision))


def test_a_mask_leaves_steps_out_of_the_confusion_matrix():
    score = np.array([[[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]])
    traces = Traces({}, score.mean(axis=1), score)
    samples = Samples(np.zeros((1, 3, 1), np.uint8), np.array([[0, 0, 1]]), np.array([[True, False, True]]))
    assert np.asarray(plot.confusion(samples, traces).images[0].get_array()).tolist() == [[1, 0], [0, 1]]


# ---- all


@pytest.mark.slow
def test_every_figure_is_drawn_into_the_axes_that_are_given(tiny_graph):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plot.raster(traces_of([[1]]), ax=ax) is ax
    assert plot.delay_histogram(tiny_graph, ax=ax) is ax


def test_dollar_signs_in_names_are_no_mathematics():
    ax = plot.raster({"$a": np.ones((1, 2, 1)), r"b$_{": np.ones((1, 2, 1))})
    ax.figure.canvas.draw()


@pytest.mark.slow
def test_figures_leave_pyplot_alone():
    code = (
        "import sys, numpy as np\nfrom neurodeploy import plot\n"
        "plot.raster({'a': np.ones((1, 2, 1))}).figure.canvas.draw()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
