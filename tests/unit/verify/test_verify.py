"""Verification of a bundle: every level, its traps, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.bundle.golden import load_golden, save_golden
from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.codes_parity import NO_LAVA
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError
from neurodeploy.graph.interpret import interpret_reference
from neurodeploy.targets.loihi.program_file import read_program
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.target import LoihiTarget
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.verify import comparison
from neurodeploy.verify.gates import Status
from neurodeploy.verify.verify import verify


class PretendLava:
    """Stands for Lava: runs the reference, and can be told to be missing, to break or to differ."""

    name = "lava"

    def __init__(
        self, missing: str = "", breaks: bool = False, change: Callable[[Traces], Traces] | None = None
    ):
        self.absent, self.breaks, self.change = missing, breaks, change
        self.samples = 0

    def missing(self) -> Finding | None:
        return NO_LAVA.finding(found=self.absent) if self.absent else None

    def run(self, bundle: Path, spikes: np.ndarray, **_: object) -> Traces:
        if self.breaks:
            raise NeurodeployError(
                Finding(code="ND425", message="the run in Lava failed"), Exit.BACKEND_MISSING
            )
        self.samples = len(spikes)
        traces = simulate_reference(read_program(bundle / "program.h5"), spikes)
        return self.change(traces) if self.change else traces


def test_a_sound_bundle_passes_and_says_what_was_skipped(bundle):
    result = verify(bundle)
    assert result.exit_code == 0
    names = ["hashes", "rules", "P0", "files", "P1", "P2", "golden", "twins", "P3"]
    assert [check.name for check in result.checks] == names
    assert result.check("P2").status is Status.MEASURED, "nobody gave a limit"
    assert result.check("P1").status is Status.SKIPPED and "NIR file" in result.check("P1").reason
    assert result.check("P3").status is Status.SKIPPED and "--runtime lava=N" in result.check("P3").reason


def test_lava_is_compared_spike_by_spike_and_v_by_v(bundle):
    lava = PretendLava()
    result = verify(bundle, runtimes={"lava": 2}, runtime=lava)
    assert result.exit_code == 0 and lava.samples == 2
    counts = result.check("P3").facts["populations"]
    assert set(counts) == {"hidden1", "hidden2", "out"}
    assert all(entry["spikes"] == entry["v"] == 0 and entry["compared"] > 0 for entry in counts.values())


@pytest.mark.parametrize(("wish", "code"), [("runtimes", 4), ("if_present", 0)])
def test_a_runtime_that_is_asked_for_is_required_and_another_wish_has_another_name(bundle, wish, code):
    result = verify(bundle, **{wish: {"lava": 2}}, runtime=PretendLava(missing="it is not there"))
    assert result.check("P3").status is Status.SKIPPED and "it is not there" in result.check("P3").reason
    assert result.exit_code == code


@pytest.mark.parametrize("wish", ["runtimes", "if_present"])
def test_a_runtime_that_is_there_runs_whatever_the_wish_is_called(bundle, wish):
    lava = PretendLava()
    assert verify(bundle, **{wish: {"lava": 3}}, runtime=lava).exit_code == 0 and lava.samples == 3


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({"runtimes": {"lava": 0}}, "ND080"),
        ({"if_present": {"lava": -1}}, "ND080"),
        ({"runtimes": {"lava": 1}, "if_present": {"lava": 1}}, "ND080"),
        ({"runtimes": {"lavva": 1}}, "ND427"),
    ],
)
def test_wishes_that_mean_nothing_are_refused_before_anything_runs(bundle, rehash, wishes, code):
    (bundle / "golden.npz").write_bytes(b"")  # it would be found first
    rehash(bundle)
    with pytest.raises(NeurodeployError) as caught:
        verify(bundle, **wishes)
    assert caught.value.findings[0].code == code and caught.value.exit_code == 2


def test_a_runtime_runs_in_chunks_and_a_difference_keeps_its_sample(bundle, monkeypatch):
    def change(traces: Traces) -> Traces:
        if len(traces.populations["out"].v) == 1:  # the last chunk alone
            traces.populations["out"].v[0, 3, 1] += 1
        return traces

    n_neurons, n_steps = 35, 40
    monkeypatch.setattr(comparison, "CHUNK_BYTES", 2 * n_neurons * n_steps * 10)
    result = verify(bundle, runtimes={"lava": 5}, runtime=PretendLava(change=change))
    check = result.check("P3")
    assert check.n_compared == 5 and "v of neuron 1 of out at step 3 of sample 4" in check.reason
    counts = check.facts["populations"]["out"]
    assert counts == {"compared": 5 * 40 * 3, "spikes": 0, "v": 1}


def test_lava_that_breaks_off_is_4(bundle):
    result = verify(bundle, runtimes={"lava": 2}, runtime=PretendLava(breaks=True))
    assert result.exit_code == 4 and result.check("P3").findings[0].code == "ND425"


@pytest.mark.parametrize("quantity", ["spikes", "v"])
def test_one_mismatch_with_lava_fails_and_is_named(bundle, quantity):
    def change(traces: Traces) -> Traces:
        getattr(traces.populations["hidden2"], quantity)[1, 30, 5] ^= 1
        return traces

    result = verify(bundle, runtimes={"lava": 2}, runtime=PretendLava(change=change))
    assert result.exit_code == 1
    (finding,) = result.check("P3").findings
    assert (
        finding.code == "ND474"
        and f"{quantity} of neuron 5 of hidden2 at step 30 of sample 1" in finding.found
    )
    assert result.check("P3").facts["populations"]["hidden2"][quantity] == 1


def test_lava_without_v_is_no_proof(bundle):
    def drop_v(traces: Traces) -> Traces:
        return Traces({n: PopulationTrace(t.spikes) for n, t in traces.populations.items()})

    result = verify(bundle, runtimes={"lava": 1}, runtime=PretendLava(change=drop_v))
    assert result.exit_code == 1 and result.check("P3").findings[0].code == "ND479"


def test_lava_without_a_population_is_no_proof(bundle):
    def drop(traces: Traces) -> Traces:
        return Traces({n: t for n, t in traces.populations.items() if n != "out"})

    assert verify(bundle, runtimes={"lava": 1}, runtime=PretendLava(change=drop)).exit_code == 1


def test_fewer_samples_than_asked_for_are_told(bundle):
    result = verify(bundle, runtimes={"lava": 1000}, samples=2, runtime=PretendLava())
    check = result.check("P3")
    assert check.status is Status.PASSED and check.n_compared == 24
    assert [finding.code for finding in check.findings] == ["ND478"]


def test_a_changed_file_is_exit_5(bundle):
    (bundle / "network.net").write_bytes(b"other")
    with pytest.raises(NeurodeployError) as caught:
        verify(bundle)
    assert caught.value.exit_code == 5 and caught.value.findings[0].code == "ND008"


def with_trained(bundle: Path, rehash, graph, change=lambda v: v) -> None:
    """Give a bundle the traces of a trained network, made by the readable interpreter."""
    golden = load_golden(bundle / "golden.npz")
    traces = interpret_reference(graph, golden.spikes[:3])
    changed = {n: PopulationTrace(t.spikes, change(t.v)) for n, t in traces.populations.items()}
    fixed = {n: PopulationTrace(t.spikes[:3], t.v[:3]) for n, t in golden.fixed.populations.items()}
    save_golden(bundle / "golden.npz", golden.spikes[:3], trained=Traces(changed), fixed=Traces(fixed))
    rehash(bundle)


def test_p1_passes_where_the_nir_file_computes_what_was_trained(bundle, rehash, tiny_graph):
    with_trained(bundle, rehash, tiny_graph)
    check = verify(bundle).check("P1")
    assert check.status is Status.PASSED and check.n_compared == 3


def test_p1_fails_on_a_v_beyond_its_tolerance(bundle, rehash, tiny_graph):
    with_trained(bundle, rehash, tiny_graph, change=lambda v: v + 2e-9 * np.maximum(1, np.abs(v)))
    result = verify(bundle)
    assert result.exit_code == 1 and result.check("P1").findings[0].code == "ND470"
    assert "v of neuron 0 of hidden1 at step 0" in result.check("P1").findings[0].found


def test_integers_that_differ_from_those_at_export_fail(bundle, rehash):
    arrays = load_npz(bundle / "golden.npz")
    arrays["fixed/hidden1/v"] = arrays["fixed/hidden1/v"].copy()
    arrays["fixed/hidden1/v"][0, 5, 2] += 1
    save_npz(bundle / "golden.npz", arrays)
    rehash(bundle)
    result = verify(bundle)
    assert result.exit_code == 1 and result.check("golden").findings[0].code == "ND472"


def test_a_golden_file_without_traces_is_no_pass(bundle, rehash):
    arrays = load_npz(bundle / "golden.npz")
    save_npz(bundle / "golden.npz", {"spikes": arrays["spikes"]})
    rehash(bundle)
    with pytest.raises(NeurodeployError) as caught:
        verify(bundle)
    assert caught.value.exit_code == 2 and caught.value.findings[0].code == "ND043"


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"test/spikes": np.zeros((0, 40, 12), np.uint8), "test/labels": np.zeros(0, np.int64)}, "ND015"),
        ({"test/spikes": np.zeros((3, 0, 12), np.uint8), "test/labels": np.zeros(3, np.int64)}, "ND015"),
        ({}, "ND003"),
        ({"test/labels": np.zeros(3, np.int64)}, "ND003"),
        ({"test/spikes": np.zeros((3, 4, 12), np.uint8), "extra": np.zeros(3)}, "ND003"),
        ({"test/spikes": np.zeros((3, 4, 12), np.uint8), "test/labels": np.full(3, 99)}, "ND013"),
    ],
    ids=["no samples", "no steps", "no sets", "no spikes", "an array of another name", "label 99"],
)
def test_a_bundle_whose_samples_measure_nothing_is_refused(arrays, code, bundle, rehash):
    save_npz(bundle / "samples.npz", arrays)
    rehash(bundle)
    with pytest.raises(NeurodeployError) as caught:
        verify(bundle, max_drop=5.0)
    assert (caught.value.findings[0].code, caught.value.exit_code) == (code, 2)


def test_the_drop_is_gated_on_both_sides_of_the_limit(bundle, monkeypatch):
    from neurodeploy.verify import accuracy

    real = accuracy.ladder

    def one_lost(*args, **kwargs):
        rungs = real(*args, **kwargs)
        rungs[-1].decisions[0] = (rungs[0].decisions[0] + 1) % 3
        return rungs

    monkeypatch.setattr(accuracy, "ladder", one_lost)
    drop = 100 / 24
    assert verify(bundle, max_drop=drop + 1e-9).exit_code == 0
    result = verify(bundle, max_drop=drop - 1e-9)
    assert result.exit_code == 1 and result.check("P2").findings[0].code == "ND471"


def test_a_limit_without_labels_cannot_pass(bundle, rehash):
    arrays = load_npz(bundle / "samples.npz")
    save_npz(bundle / "samples.npz", {"given/spikes": arrays["given/spikes"]})
    rehash(bundle)
    assert verify(bundle).exit_code == 0
    result = verify(bundle, max_drop=50.0)
    assert result.exit_code == 1 and result.check("P2").findings[0].code == "ND477"


def test_only_so_many_samples_are_measured_and_the_report_says_so(bundle):
    result = verify(bundle, samples=5)
    assert [(s.n_samples, s.n_available) for s in result.sets] == [(5, 24)]
    assert "5 of 24" in result.check("P2").reason


def test_the_calibration_set_is_not_measured_on(bundle, rehash):
    arrays = load_npz(bundle / "samples.npz")
    save_npz(bundle / "samples.npz", {**arrays, "calibration/spikes": arrays["given/spikes"]})
    rehash(bundle)
    assert [s.name for s in verify(bundle).sets] == ["given"]


def test_given_spikes_are_measured_in_place_of_the_bundles_own(bundle, tmp_path):
    np.savez(tmp_path / "mine.npz", spikes=np.ones((2, 30, 12), np.uint8))
    assert [(s.name, s.n_samples) for s in verify(bundle, given=tmp_path / "mine.npz").sets] == [("given", 2)]


def test_an_input_above_what_the_bundle_takes_is_a_finding(bundle, tmp_path):
    np.savez(tmp_path / "mine.npz", spikes=np.full((2, 30, 12), 2, np.uint8))
    with pytest.raises(NeurodeployError) as caught:
        verify(bundle, given=tmp_path / "mine.npz")
    assert caught.value.findings[0].code == "ND011"


def test_golden_files_read_back_as_they_were_written(tmp_path, tiny_folder):
    golden = load_golden(tiny_folder / "bundle" / "golden.npz")
    assert golden.trained is None and len(golden) == 8
    trained = Traces(
        {n: PopulationTrace(t.spikes, t.v.astype(np.float64)) for n, t in golden.fixed.populations.items()}
    )
    save_golden(tmp_path / "golden.npz", golden.spikes, trained=trained, fixed=golden.fixed)
    again = load_golden(tmp_path / "golden.npz")
    for name, trace in golden.fixed.populations.items():
        for level in (again.trained, again.fixed):
            assert np.array_equal(level.populations[name].v, trace.v)
            assert np.array_equal(level.populations[name].spikes, trace.spikes)


def test_every_simulation_of_a_verification_takes_the_threads_that_were_asked_for(bundle, monkeypatch):
    seen = []
    simulate = LoihiTarget.simulate

    def counted(self, *given, threads=None, **named):
        seen.append(threads)
        return simulate(self, *given, threads=threads, **named)

    monkeypatch.setattr(LoihiTarget, "simulate", counted)
    verify(bundle, samples=2, runtimes={"lava": 1}, runtime=PretendLava(), threads=1)
    assert len(seen) >= 4 and set(seen) == {1}


def test_a_runtime_that_nobody_asked_for_is_named_with_an_option_that_there_is(bundle, monkeypatch):
    other = PretendLava()
    other.name = "other"
    monkeypatch.setattr(LoihiTarget, "runtimes", {"other": other})
    assert "(--runtime other=N)" in verify(bundle, samples=2).check("P3").reason
