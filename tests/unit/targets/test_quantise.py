"""What the quantiser makes of a Graph, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.findings.finding import Exit, NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.passes.draft import Draft, run_passes
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.peak import peak_sum, worst_sum
from neurodeploy.targets.loihi.lower.row import loihi_passes
from neurodeploy.targets.loihi.netx import netx_misfits
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.registry import load_target
from neurodeploy.traces import PopulationTrace

DT_S = 0.01
LOIHI = load_target("loihi2")


def population(name: str, size: int, model: NeuronModel = NeuronModel.LIF, **changes: object) -> Population:
    one = np.ones(size)
    values = {
        "tau_s": 0.05 * one, "v_threshold": one, "v_leak": 0 * one, "v_reset": 0 * one, "r": one,
        "tau_syn_s": 0.03 * one, "w_in": one, "bias": 0 * one,
    }  # fmt: skip
    for key, value in changes.items():
        values[key] = np.asarray(value) * one
    return Population(name=name, model=model, **values)


def network(rng: np.random.Generator, *, delay: int = 12, model: NeuronModel = NeuronModel.LIF) -> Graph:
    def project(source: str, target: str, pre: int, post: int, low: int, high: int) -> Projection:
        return Projection(
            source=source, target=target, weight=rng.normal(0.3, 1.5, (1, post, pre)),
            delay_s=DT_S * rng.integers(low, max(low, high) + 1, (1, post, pre)),
        )  # fmt: skip

    bias = rng.normal(0, 0.1, 12) if model is NeuronModel.LIF else 0.0
    return Graph(
        name="small", dt_s=DT_S, input_size=10,
        populations=(
            population("a", 12, model, tau_s=rng.uniform(0.03, 0.2, 12), bias=bias, w_in=5.0),
            population("b", 8, v_threshold=rng.uniform(0.5, 2.0, 8)),
            population("out", 3, NeuronModel.LI, tau_s=0.1),
        ),
        projections=(
            project(INPUT, "a", 10, 12, 0, delay),
            project("a", "b", 12, 8, 1, delay),
            project("b", "out", 8, 3, 0, 0),
        ),
        readout=Readout(population="out"),
    )  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([NeuronModel.LIF, NeuronModel.CUBA_LIF]))
def test_integers_are_legal_and_stand_for_what_was_trained(seed: int, model: NeuronModel) -> None:
    rng = np.random.default_rng(seed)
    graph = network(rng, model=model)
    program = LOIHI.lower(graph).program
    for connection in program.connections():
        w = connection.weight
        if (w > 0).any() and (w < 0).any():
            assert w.min() >= -256
            assert w.max() <= 254
            assert not (w % 2).any()
        else:
            assert np.abs(w).max() <= 255
        assert connection.delay_steps.min() >= 0
        assert connection.delay_steps.max() <= 62
    for trained, fixed in zip(graph.populations, program.populations, strict=True):
        assert fixed.n_groups <= 8
        for part in range(fixed.n_groups):
            for register in (fixed.dv, fixed.du, fixed.vth):
                assert len(set(register[fixed.group == part].tolist())) == 1
        held_tau_s = DT_S * 4096 / fixed.dv
        assert (
            np.abs(held_tau_s / trained.tau_s - 1).max() < 0.15
        )  # 12 taus between 30 and 200 ms in 8 groups
        gain = fixed.scale * fixed.dv / 4096 * trained.r
        if trained.model.filtered:
            gain = gain * trained.w_in * (fixed.du + 1) / 4096
        for projection in graph.into(trained.name):
            (integer,) = (p for p in program.projections if p.name == projection.name)
            held = integer.weight * 64.0 * 2.0**integer.exponent / gain[None, :, None]
            step = 2 * 64.0 * 2.0**integer.exponent / gain[None, :, None]
            inside = np.abs(projection.weight) < np.abs(held).max(axis=(0, 2), keepdims=True) - step
            assert (np.abs(held - projection.weight) <= 0.5001 * step)[inside].all()
        bias = (
            (trained.bias * (trained.w_in if trained.model.filtered else 1)) * fixed.scale * fixed.dv / 4096
        )
        assert np.abs(fixed.bias - bias).max() <= 0.5 * 2.0 ** fixed.bias_exponent.max()
        if fixed.spiking:
            assert (
                np.abs(fixed.vth * 64 / fixed.scale - trained.v_threshold).max()
                < 0.5 * 64 / fixed.scale.min()
            )


def test_the_integers_compute_nearly_what_the_floats_do() -> None:
    rng = np.random.default_rng(3)
    graph = network(rng)
    spikes = (rng.random((8, 60, 10)) < 0.2).astype(np.uint8)
    expected = interpret(graph, spikes)
    actual = simulate_reference(LOIHI.lower(graph, calibration=spikes).program, spikes)
    # Twelve taus in eight groups and 8-bit weights flip spikes of a; each of them flips others in b.
    for name, share in (("a", 0.25), ("b", 0.5)):
        rate = expected.populations[name].spikes.mean()
        assert rate > 0.01
        differing = (expected.populations[name].spikes != actual.populations[name].spikes).mean()
        assert differing < share * rate


@pytest.mark.parametrize(
    ("steps", "late", "refused"), [(63, False, False), (64, False, True), (62, True, False), (63, True, True)]
)
def test_a_delay_at_the_edge(steps: int, late: bool, refused: bool) -> None:
    """The register holds 62: a trained 63 where the layer is in time, since the connection takes a step."""
    graph = network(np.random.default_rng(0), delay=1)
    first = graph.projections[0]
    delay_s = np.full_like(first.delay_s, steps * DT_S)
    if late:
        delay_s[0, 0, 0] = 0.0
    graph = replace(graph, projections=(replace(first, delay_s=delay_s), *graph.projections[1:]))
    if refused:
        with pytest.raises(NeurodeployError, match="ND201") as caught:
            LOIHI.lower(graph)
        assert caught.value.exit_code == Exit.TARGET_RULE
        assert f"{steps} steps" in str(caught.value)
        assert [finding.code for finding in LOIHI.rules(graph)] == ["ND201"]
    else:
        assert LOIHI.lower(graph).program.projections[0].delay_steps.max() == 62
        assert not list(LOIHI.rules(graph))


@pytest.mark.parametrize("steps", [2.5, 2.6, 3.4])
def test_delays_between_steps_are_rounded_and_said_so(steps: float) -> None:
    graph = network(np.random.default_rng(0), delay=0)
    first = graph.projections[0]
    delay_s = np.full_like(first.delay_s, steps * DT_S)
    quantised = LOIHI.lower(
        replace(graph, projections=(replace(first, delay_s=delay_s), *graph.projections[1:]))
    )
    assert (
        quantised.program.projections[0].delay_steps[quantised.program.projections[0].weight != 0] == 2
    ).all()  # 3, less the chip's step
    assert "ND301" in {finding.code for finding in quantised.findings}


def test_clipped_weights_are_counted() -> None:
    graph = network(np.random.default_rng(0))
    first = graph.projections[0]
    weight = np.random.default_rng(1).normal(0, 0.01, (1, 12, 10))
    weight[0, 0, 0] = 0.0301
    quantised = LOIHI.lower(
        replace(graph, projections=(replace(first, weight=weight), *graph.projections[1:]))
    )
    clipped = quantised.facts["projections"]["input->a"]["clipped"]
    assert quantised.facts["populations"]["a"]["clipped_weights"] == clipped
    assert ("ND302" in {f.code for f in quantised.findings if f.where == "small.a"}) == (clipped > 0)


def test_leak_and_reset_other_than_zero_move_the_origin() -> None:
    size, steps = 4, 40
    neurons = population("a", size, v_leak=0.3, v_reset=-0.2, v_threshold=0.9, bias=[0.0, 0.3, 0.8, 1.5])
    graph = Graph(
        name="origin", dt_s=DT_S, input_size=1, populations=(neurons,),
        projections=(
            Projection(source=INPUT, target="a", weight=np.full((1, size, 1), 2.7),
                delay_s=np.full((1, size, 1), DT_S),
            ),
        ),
    )  # fmt: skip
    spikes = (np.random.default_rng(0).random((1, steps, 1)) < 0.3).astype(np.uint8)
    expected = interpret(graph, spikes).populations["a"]
    program = LOIHI.lower(graph, calibration=spikes).program
    actual = simulate_reference(program, spikes).populations["a"]
    assert np.array_equal(expected.spikes, actual.spikes)
    assert expected.spikes.any()
    assert np.abs(program.populations[0].v_float(actual.v) - expected.v).max() < 0.02


@pytest.mark.parametrize("leak", [0.0, 0.2])
def test_a_late_population_is_not_ahead_by_its_bias(leak: float) -> None:
    rng = np.random.default_rng(5)
    graph = network(rng, delay=0)
    late = population("a", 12, tau_s=0.3, bias=rng.normal(0.0, 1.0, 12), v_leak=leak)
    first = replace(graph.projections[0], delay_s=np.zeros((1, 12, 10)))
    graph = replace(
        graph, populations=(late, *graph.populations[1:]), projections=(first, *graph.projections[1:])
    )
    spikes = (rng.random((4, 50, 10)) < 0.1).astype(np.uint8)
    expected = interpret(graph, spikes).populations["a"]
    program = LOIHI.lower(graph, calibration=spikes).program
    neurons = program.populations[0]
    assert neurons.latency_steps == 1
    assert neurons.v_initial.any()
    actual = simulate_reference(program, spikes).populations["a"]
    at_first = neurons.v_float(actual.v)[:, 0]
    assert np.abs(at_first - expected.v[:, 0])[expected.spikes[:, 0] == 0].max() < 0.02
    assert (expected.spikes != actual.spikes).mean() < 0.002
    assert expected.spikes.mean() > 0.005


def test_an_unsound_graph_is_refused_before_anything_else() -> None:
    graph = network(np.random.default_rng(0))
    first = graph.projections[0]
    weight = np.array(first.weight)
    weight[0, 1, 2] = np.nan
    with pytest.raises(NeurodeployError) as caught:
        LOIHI.lower(replace(graph, projections=(replace(first, weight=weight), *graph.projections[1:])))
    assert caught.value.exit_code == Exit.BAD_INPUT


@pytest.mark.parametrize(("tau_s", "refused"), [(8191 * DT_S, False), (8193 * DT_S, True)])
def test_a_tau_that_the_register_cannot_hold_is_refused(tau_s: float, refused: bool) -> None:
    graph = network(np.random.default_rng(0))
    graph = replace(graph, populations=(population("a", 12, tau_s=tau_s), *graph.populations[1:]))
    if refused:
        with pytest.raises(NeurodeployError, match="ND306"):
            LOIHI.lower(graph)
    else:
        assert (LOIHI.lower(graph).program.populations[0].dv == 1).all()


@pytest.mark.parametrize("silent", [[3], list(range(12))])
def test_neurons_without_synapses_are_lowered_with_calibration(silent: list[int]) -> None:
    graph = network(np.random.default_rng(0))
    first = graph.projections[0]
    weight = first.weight.copy()
    weight[:, silent] = 0.0
    graph = replace(graph, projections=(replace(first, weight=weight), *graph.projections[1:]))
    spikes = (np.random.default_rng(1).random((8, 60, 10)) < 0.2).astype(np.uint8)
    program = LOIHI.lower(graph, calibration=spikes).program
    assert not program.projections[0].weight[:, silent].any()


@pytest.mark.parametrize("calibrated", [False, True])
def test_clipped_weights_are_those_that_are_deployed(calibrated: bool) -> None:
    """With samples, weights are rounded together: what is counted are their integers, not others."""
    graph = network(np.random.default_rng(0))
    spikes = (np.random.default_rng(1).random((8, 60, 10)) < 0.3).astype(np.uint8)
    traces = interpret(graph, spikes)
    activity = {INPUT: PopulationTrace(spikes), **traces.populations} if calibrated else None
    *before, rounding, _ = loihi_passes(graph, LOIHI.limits)
    draft = run_passes(Draft(graph, Decisions(trained=graph, activity=activity)), before)
    larger = {name: 1.5 * scale for name, scale in draft.decided.scale.items()}
    draft = Draft(draft.graph, replace(draft.decided, scale=larger))
    facts = rounding(draft).decided.facts["projections"]["input->a"]
    unit = larger["a"] * draft.decided.decays["a"].membrane / 4096 / 2**6
    held = rounding(draft).graph.projections[0].weight * unit[None, :, None]
    wanted = graph.projections[0].weight * unit[None, :, None]
    ends = (np.abs(held - 254) < 1e-6) | (np.abs(held + 256) < 1e-6)
    expected = int((ends & (np.abs(wanted - held) > 1)).sum())
    assert expected > 0
    assert facts["clipped"] == expected


def test_the_bias_exponent_is_free_unless_a_netx_file_results() -> None:
    """A layer with delay 0 runs late and does not start from 0, which NetX cannot hold."""
    graph = network(np.random.default_rng(0), delay=1)
    even = tuple(replace(p, tau_s=np.full(p.size, 0.1)) for p in graph.populations)
    biased = replace(even[0], bias=np.full(even[0].size, 0.3))
    graph = replace(graph, populations=(biased, *even[1:]))
    first = graph.projections[0]
    for delay_s, exponents in ((DT_S, {6}), (0.0, {0, 1, 2, 3})):
        moved = replace(first, delay_s=np.full_like(first.delay_s, delay_s))
        program = LOIHI.lower(replace(graph, projections=(moved, *graph.projections[1:]))).program
        held = program.populations[0]
        assert set(held.bias_exponent.tolist()) <= exponents
        assert bool(netx_misfits(program)) == (delay_s == 0.0)
        wanted = 0.3 * held.dv / 4096 * held.scale
        assert np.abs(held.bias - wanted).max() <= 0.5 * 2 ** int(held.bias_exponent.max())


@pytest.mark.parametrize("n_taps", [1, 3])
def test_counts_that_would_overflow_the_accumulator_get_a_smaller_scale(n_taps: int) -> None:
    """Without the bound, 200 counts over weights of 8 bits make sums beyond 16 bits (ND216)."""
    rng = np.random.default_rng(0)
    graph = network(rng, delay=3)
    first = graph.projections[0]
    shape = (n_taps, *first.weight.shape[1:])
    counted = replace(
        first,
        weight=np.abs(rng.normal(0, 0.002, shape)),
        delay_s=rng.integers(1, 6, shape) * DT_S,
    )
    graph = replace(graph, input_max=200, projections=(counted, *graph.projections[1:]))
    spikes = (rng.random((6, 50, 10)) < 0.3).astype(np.uint8) * rng.integers(
        100, 200, (6, 50, 10), dtype=np.uint8
    )
    unbounded = replace(
        LOIHI,
        limits={**LOIHI.limits, "accumulator_max": replace(LOIHI.limits["accumulator_max"], value=10**9)},
    )
    free = unbounded.lower(graph, calibration=spikes).program
    assert [f.code for f in LOIHI.range_findings(free, spikes, "given")] == ["ND216"]
    program = LOIHI.lower(graph, calibration=spikes).program
    assert not list(LOIHI.range_findings(program, spikes, "given"))
    reached = simulate_reference(program, spikes[:2]).facts["max_abs_accumulator"]
    assert 32767 / 3 < reached <= 32767 / 1.4, "no smaller than the margin asks for"


def one_population(tau_s: float, weight: float, *, threshold: float = 1.0, delay: int = 1) -> Graph:
    """Ten inputs onto four neurons that are all alike."""
    graph = network(np.random.default_rng(0), delay=1)
    first, cell = graph.projections[0], graph.populations[0]
    cell = replace(
        cell, tau_s=np.full(cell.size, tau_s), v_threshold=np.full(cell.size, threshold), bias=0.0 * cell.bias
    )
    jitter = np.random.default_rng(1).uniform(0.5, 1.0, first.weight.shape)
    first = replace(first, weight=weight * jitter, delay_s=np.full_like(first.delay_s, delay * DT_S))
    return replace(
        graph, populations=(cell, *graph.populations[1:]), projections=(first, *graph.projections[1:])
    )


def test_a_tau_of_one_step_gets_the_largest_decay() -> None:
    assert (LOIHI.lower(one_population(DT_S, 0.2)).program.populations[0].dv == 4095).all()


def test_a_threshold_far_above_the_weights_fills_its_register_and_no_more() -> None:
    held = LOIHI.lower(one_population(0.1, 0.001)).program
    assert (held.populations[0].vth == 131071).all()
    threshold = held.populations[0].vth * 64 / held.populations[0].scale
    assert np.abs(threshold - 1.0).max() < 1e-4, "the scale gives way, not the threshold"


def test_a_threshold_far_below_the_weights_gets_a_positive_exponent() -> None:
    held = LOIHI.lower(one_population(0.1, 200.0)).program
    assert held.projections[0].exponent > 0 and (held.populations[0].vth >= 128).all()
    assert held.projections[0].weight.max() > 100


def test_the_peak_of_the_input_counts_every_delay() -> None:
    """Against every step and synapse one by one."""
    rng = np.random.default_rng(0)
    graph = network(rng, delay=3)
    projection = graph.projections[0]
    shape = (2, *projection.weight.shape[1:])
    steps = rng.integers(1, 12, shape)
    projection = replace(projection, weight=rng.normal(0, 1, shape), delay_s=steps * DT_S)
    graph = replace(graph, input_max=5, projections=(projection, *graph.projections[1:]))
    spikes = rng.integers(0, 6, (3, 15, 10)).astype(np.uint8) * (rng.random((3, 15, 10)) < 0.2)
    total = np.zeros((3, 15, shape[1]))
    for sample, step, source in zip(*np.nonzero(spikes), strict=True):
        for tap in range(2):
            for post in range(shape[1]):
                arrival = step + steps[tap, post, source]
                if arrival < 15:
                    total[sample, arrival, post] += (
                        spikes[sample, step, source] * projection.weight[tap, post, source]
                    )
    jumps = {projection.name: projection.listed.weight}
    found = peak_sum(graph, "a", jumps, {INPUT: PopulationTrace(spikes.astype(np.uint8))})
    assert found == pytest.approx(np.abs(total).max())
    assert worst_sum(graph, "a", jumps) == pytest.approx(5 * np.abs(projection.weight).sum(axis=(0, 2)).max())


def test_a_neuron_without_filter_keeps_no_current() -> None:
    graph = Graph(
        name="one", dt_s=DT_S, input_size=1,
        populations=(population("a", 2), population("out", 1, NeuronModel.LI)),
        projections=(
            Projection(
                source=INPUT, target="a", weight=np.array([[[0.4], [-0.5]]]), delay_s=np.zeros((1, 2, 1))
            ),
            Projection(
                source="a", target="out", weight=np.ones((1, 1, 2)), delay_s=np.full((1, 1, 2), DT_S)
            ),
        ),
    )  # fmt: skip
    spikes = np.zeros((1, 12, 1), np.uint8)
    spikes[0, ::4] = 1
    u = simulate_reference(LOIHI.lower(graph).program, spikes).populations["a"].u
    driven = spikes[0, :, 0].astype(bool)
    assert (u[0, driven] != 0).all()
    assert (u[0, ~driven] == 0).all()
