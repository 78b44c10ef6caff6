"""The passes of lowering: what each of them gives is what the artefact decodes to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import NeuronModel
from neurodeploy.passes.by_name import load_pass, pass_names
from neurodeploy.passes.clamp_delays import ClampDelays
from neurodeploy.passes.draft import Draft, Pass, run_passes
from neurodeploy.targets.registry import load_target
from neurodeploy.units import delay_to_steps

LOIHI = load_target("loihi2")
PASSES = ["round_delays", "group_decays", "choose_scale", "round_weights", "round_thresholds"]


@pytest.mark.parametrize("filtered", [False, True])
def test_each_pass_gives_the_graph_that_the_program_decodes_to(tiny_graph, filtered):
    """Two ways to the same numbers: forward through the passes, and back from the integers alone."""
    if filtered:
        model = {NeuronModel.LIF: NeuronModel.CUBA_LIF, NeuronModel.LI: NeuronModel.CUBA_LI}
        cells = tuple(
            replace(p, model=model[p.model], tau_syn_s=np.linspace(0.02, 0.023, p.size), bias=0 * p.bias)
            for p in tiny_graph.populations
        )
        tiny_graph = replace(tiny_graph, populations=cells)
    seen: list[tuple[str, Draft]] = []
    spikes = (np.random.default_rng(0).random((8, 40, 12)) < 0.2).astype(np.uint8)
    lowered = LOIHI.lower(
        tiny_graph, calibration=spikes, after_each=lambda each, draft: seen.append((each.name, draft))
    )
    assert [name for name, _ in seen] == PASSES
    decoded = {rung.key: rung.graph for rung in LOIHI.rungs(tiny_graph, lowered.program)}
    for key, name in (("delays", 0), ("decays", 1), ("weights", 3), ("thresholds", 4)):
        given = seen[name][1].graph
        for one, other in zip(given.populations, decoded[key].populations, strict=True):
            for field in ("tau_s", "tau_syn_s", "v_threshold", "v_reset", "v_leak", "bias"):
                assert np.allclose(getattr(one, field), getattr(other, field), rtol=1e-12, atol=1e-12), field
        for one, other in zip(given.projections, decoded[key].projections, strict=True):
            assert np.allclose(one.weight, other.weight, rtol=1e-12, atol=1e-14)
            kept = other.weight != 0
            assert np.array_equal(
                delay_to_steps(one.delay_s, given.dt_s)[kept], delay_to_steps(other.delay_s, given.dt_s)[kept]
            )


def test_lowering_what_was_lowered_changes_no_decay_delay_or_threshold(tiny_graph):
    once = LOIHI.lower(tiny_graph)
    last = LOIHI.rungs(tiny_graph, once.program)[-1].graph
    twice = LOIHI.lower(last)
    for one, other in zip(once.program.populations, twice.program.populations, strict=True):
        assert np.array_equal(one.dv, other.dv) and np.array_equal(one.group, other.group)
    for one, other in zip(once.program.projections, twice.program.projections, strict=True):
        assert np.array_equal(one.delay_steps, other.delay_steps)


@dataclass(frozen=True)
class Breaks:
    """A pass with a bug: a tau below dt."""

    name = "breaks"
    title = "breaks the graph"

    def __call__(self, draft: Draft) -> Draft:
        first, *rest = draft.graph.populations
        broken = replace(first, tau_s=first.tau_s * 1e-3)
        return draft.with_graph(replace(draft.graph, populations=(broken, *rest)))


def test_the_pass_that_broke_the_graph_is_named(tiny_graph):
    assert isinstance(Breaks(), Pass)
    with pytest.raises(NeurodeployError) as caught:
        LOIHI.lower(tiny_graph, passes=(Breaks(),))
    assert caught.value.findings[0].code == "ND102" and "'breaks'" in caught.value.findings[0].help


@pytest.mark.parametrize(("limit", "longest"), [(4, 4), (9, 9), (62, 9)])
def test_delays_are_clamped_to_the_limit_and_shorter_ones_stay(tiny_graph, limit, longest):
    draft = run_passes(Draft(tiny_graph, None), [ClampDelays(max_steps=limit)])
    for before, after in zip(tiny_graph.projections, draft.graph.projections, strict=True):
        steps = delay_to_steps(before.delay_s, tiny_graph.dt_s)
        now = delay_to_steps(after.delay_s, tiny_graph.dt_s)
        assert now.max() == longest
        assert np.array_equal(now, np.minimum(steps, limit))


def test_a_pass_is_made_from_text():
    assert load_pass("clamp_delays:max_steps=7") == ClampDelays(max_steps=7)
    assert load_pass("clamp_delays") == ClampDelays()
    assert "clamp_delays" in pass_names()


@pytest.mark.parametrize(
    "text",
    [
        "clamp_delay",
        "clamp_delays:max=3",
        "clamp_delays:max_steps=x",
        "clamp_delays:max_steps=0",
        "clamp_delays:3",
    ],
)
def test_a_pass_that_cannot_be_made_is_a_finding(text):
    with pytest.raises(NeurodeployError) as caught:
        load_pass(text)
    assert caught.value.findings[0].code == "ND088" and caught.value.exit_code == 2
