"""Export uses each set of samples for what it is for, and every stage in its turn."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from neurodeploy.bundle.bundle import open_bundle
from neurodeploy.data.samples import Samples
from neurodeploy.export import export
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.passes.clamp_delays import ClampDelays
from neurodeploy.shipped import path_of
from neurodeploy.source import Source
from neurodeploy.targets.loihi.target import LoihiTarget, loihi

module = importlib.import_module("neurodeploy.export")
NAMES = ("calibration", "validation", "test")
SEEN: list[Any] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(LoihiTarget):
    """Loihi, which notes what it is calibrated on."""

    def lower(self, graph, *, calibration=None, passes=(), after_each=None):
        SEEN.append((calibration, tuple(passes)))
        return LoihiTarget.lower(self, graph, calibration=calibration, passes=passes, after_each=after_each)


def watched() -> Watched:
    SEEN.clear()
    chip = loihi()
    return Watched(name=chip.name, title=chip.title, limits=chip.limits)


@pytest.fixture
def source(tiny_graph, tmp_path, monkeypatch):
    """A run with three sets that can be told apart; what read it is replaced, and nothing else."""
    folder = tmp_path / "run"
    folder.mkdir()
    sets = {
        name: Samples((np.random.default_rng(seed).random((4 + seed, 40, 12)) < 0.2).astype(np.uint8))
        for seed, name in enumerate(NAMES)
    }
    golden = sets["validation"].spikes[:3]
    made = Source(
        tiny_graph, sets, golden, interpret(tiny_graph, golden), {"recipe": "r", "seed": 0, "training": None}
    )
    monkeypatch.setattr(module, "read_source", lambda *_, **__: made)
    return folder, sets


def test_the_integers_are_fitted_to_the_calibration_set_alone(source, tmp_path):
    folder, sets = source
    export(folder, target=watched(), out=tmp_path / "bundle")
    ((calibration, _),) = SEEN
    assert np.array_equal(calibration, sets["calibration"].spikes)


def test_it_is_measured_on_the_held_out_sets_and_those_go_into_the_bundle(source, tmp_path):
    folder, sets = source
    result = export(folder, target=watched(), out=tmp_path / "bundle")
    assert {rung["set"] for rung in result.rungs} == {"validation", "test"}
    bundle = open_bundle(tmp_path / "bundle")
    assert set(bundle.samples) == {"validation", "test"}
    assert np.array_equal(bundle.samples["test"].spikes, sets["test"].spikes)


def test_the_trained_networks_own_traces_are_kept(source, tmp_path):
    folder, _ = source
    export(folder, target=watched(), out=tmp_path / "bundle")
    assert open_bundle(tmp_path / "bundle").golden.trained is not None


def test_passes_run_before_the_lowering_and_are_named_in_the_manifest(source, tmp_path):
    folder, _ = source
    export(folder, target=watched(), out=tmp_path / "bundle", passes=[ClampDelays(max_steps=3)])
    bundle = open_bundle(tmp_path / "bundle")
    assert max(int(p.delay_steps.max()) for p in bundle.program.projections) == 2
    assert bundle.manifest.quantisation["passes"] == ["clamp_delays:max_steps=3"]
    longest = max(float(p.delay_s.max()) for p in bundle.graph.projections)
    assert longest == pytest.approx(0.09), "the NIR file is what was trained"


@pytest.mark.parametrize(("limit", "code"), [("neurons_per_chip", "ND211"), ("accumulator_max", "ND216")])
def test_what_does_not_fit_is_refused_and_nothing_is_written(source, tmp_path, limit, code):
    """34 of 35 neurons; or sums that fit on the sparse calibration set and not on a set of spikes alone."""
    folder, sets = source
    single = np.zeros_like(sets["calibration"].spikes)
    single[:, ::7, 0] = 1
    sets |= {"calibration": Samples(single), "test": Samples(np.ones_like(sets["test"].spikes))}
    lines = path_of("targets", "loihi2").read_text().splitlines()
    at = lines.index(f"[limits.{limit}]") + 1
    lines[at] = f"value = {34 if limit == 'neurons_per_chip' else 700}"
    (tmp_path / "small.toml").write_text("\n".join(lines))
    with pytest.raises(NeurodeployError, match=code) as caught:
        export(folder, target=str(tmp_path / "small.toml"), out=tmp_path / "bundle")
    assert caught.value.exit_code == 3
    assert not (tmp_path / "bundle").exists()
