"""The fast simulator's own promises: what it records, what it refuses, and that it stays within its means."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import INPUT, SCORES, Readout
from neurodeploy.targets.loihi.simulate.fast import Stream, simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.simulate.tables import make_state
from neurodeploy.targets.loihi.simulate.wiring import DENSE, SCATTER, make_plan

sys.path.insert(0, str(Path(__file__).parents[2] / "property"))
from programs import first_difference, make_population, make_program, make_projection


def two_layers(score: str = "softmax_sum"):
    rng = np.random.default_rng(0)
    return make_program(
        [make_population("hidden", 12, vth=20), make_population("readout", 3, vth=40, dv=100)],
        [
            make_projection(
                INPUT, "hidden", 2 * rng.integers(-9, 12, (1, 12, 6)), rng.integers(0, 20, (1, 12, 6))
            ),
            make_projection("hidden", "readout", 2 * rng.integers(-9, 12, (1, 3, 12))),
        ],
        6,
        readout=Readout(population="readout", score=score),
    )


SPIKES = (np.random.default_rng(1).random((5, 50, 6)) < 0.2).astype(np.uint8)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("record", [(), ("spikes",), ("v",), ("u", "spikes")])
def test_the_score_does_not_depend_on_what_is_recorded(score: str, record: tuple[str, ...]) -> None:
    program = two_layers(score)
    expected = simulate_reference(program, SPIKES)
    traces = simulate(program, SPIKES, record=record)
    assert traces.score is not None
    assert np.array_equal(traces.score, expected.score)
    assert traces.score.any()
    for trace in traces.populations.values():
        assert trace.spikes.shape[1] == (50 if "spikes" in record else 0)
        assert (trace.v is not None) == ("v" in record)
        assert (trace.u is not None) == ("u" in record)


def test_an_unknown_quantity_is_named() -> None:
    with pytest.raises(ValueError, match="voltage"):
        simulate(two_layers(), SPIKES, record=("voltage",))


@pytest.mark.parametrize(
    ("spikes", "code"),
    [
        (SPIKES[0], "ND460"),
        (SPIKES[:, :, :5], "ND460"),
        (SPIKES.astype(np.float32), "ND461"),
        (SPIKES + np.uint8(1), "ND462"),
        (SPIKES.astype(np.int16) - 1, "ND462"),
    ],
)
def test_input_that_the_network_does_not_take_is_refused(spikes: np.ndarray, code: str) -> None:
    with pytest.raises(NeurodeployError) as refused:
        simulate(two_layers(), spikes)
    assert refused.value.findings[0].code == code
    assert refused.value.exit_code == 2


def test_booleans_and_wider_integers_are_the_same_input() -> None:
    expected = simulate_reference(two_layers(), SPIKES)
    for dtype in (np.bool_, np.int64, np.uint16):
        traces = simulate(two_layers(), SPIKES.astype(dtype), record=("spikes", "u", "v"))
        assert first_difference(expected, traces) is None


def test_no_samples_and_no_steps_give_empty_traces() -> None:
    for shape in ((0, 50, 6), (3, 0, 6)):
        traces = simulate(two_layers("spike_count"), np.zeros(shape, np.uint8))
        assert traces.populations["hidden"].spikes.shape == (*shape[:2], 12)
        assert traces.facts["synaptic_events"] == 0


def test_a_sum_beyond_32_bits_is_refused() -> None:
    program = make_program(
        [make_population("n", 1)],
        [make_projection(INPUT, "n", np.full((1, 600), 255), exponent=7)],
        600,
        input_max=255,
    )
    assert make_plan(program).wide
    simulate(
        program, np.ones((1, 3, 600), np.uint8) * (np.arange(600) < 500)
    )  # 16,320,000 is not above 2**24
    with pytest.raises(NeurodeployError) as refused:
        simulate(program, np.ones((1, 3, 600), np.uint8))  # 19,584,000 is
    assert refused.value.findings[0].code == "ND463"


def test_a_stream_gives_one_step_at_a_time_in_the_chips_own_time() -> None:
    program = two_layers()
    traces = simulate(program, SPIKES, record=("spikes", "u", "v"))
    stream = Stream(program)
    for sample in (3, 0):
        stream.reset()
        for step in range(50):
            out = stream.step(SPIKES[sample, step])
            for name, trace in traces.populations.items():
                assert np.array_equal(out[name].spikes, trace.spikes[sample, step])
                assert np.array_equal(out[name].u, trace.u[sample, step])
                assert np.array_equal(out[name].v, trace.v[sample, step])


def test_a_stream_refuses_what_the_network_does_not_take() -> None:
    stream = Stream(two_layers())
    for values, code in ((SPIKES[0], "ND460"), (SPIKES[0, 0] + np.uint8(1), "ND462")):
        with pytest.raises(NeurodeployError) as refused:
            stream.step(values)
        assert refused.value.findings[0].code == code
    assert stream.feed(SPIKES[0, :0])["hidden"].spikes.shape == (0, 12)


def test_buffers_do_not_grow_with_samples_or_steps_and_tables_grow_with_synapses() -> None:
    program = two_layers()
    plan = make_plan(program)
    synapses = sum(int((p.weight != 0).sum()) for p in program.projections)
    assert plan.tables.events.sum() == synapses
    assert plan.tables.kind.tolist() == [SCATTER, DENSE]
    state = make_state(plan.tables, plan.window)
    rows = (128 + 19 + 1) * 12 + (128 + 1) * 3
    assert state.arrivals.size == rows


@pytest.mark.slow
def test_large_layers_take_smaller_windows_and_32_bit_offsets() -> None:
    rng = np.random.default_rng(2)
    n = 2048  # times 64 rows of delay is beyond 16 bits
    post, pre = rng.integers(0, n, 60), rng.integers(0, 40, 60)
    weight = np.zeros((1, n, 40), np.int32)
    weight[0, post, pre] = 50
    delay = np.full_like(weight, 63)
    program = make_program(
        [make_population("wide", n, vth=20)], [make_projection(INPUT, "wide", weight, delay)], 40
    )
    plan = make_plan(program)
    assert plan.tables.offset.dtype == np.uint32
    spikes = (rng.random((1, 66, 40)) < 0.1).astype(np.uint8)
    expected = simulate_reference(program, spikes)
    assert expected.populations["wide"].spikes.any()
    assert first_difference(expected, simulate(program, spikes, record=("spikes", "u", "v"))) is None


@pytest.mark.slow
def test_importing_the_simulator_compiles_nothing() -> None:
    script = (
        "from neurodeploy.targets.loihi.simulate import fast, kernel; "
        "assert not kernel.run.signatures and not kernel._update.signatures"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=Path(__file__).parents[3])
