import json
import sys
from pathlib import Path

import pytest

from neurodeploy.diagnostics import NeurodeployError
from neurodeploy.recipe import dump_recipe
from neurodeploy.training import sweep_ray
from neurodeploy.training.sweep import ROWS, TABLE, plan, run_sweep
from neurodeploy.training.sweep_grid import grid_points
from neurodeploy.training.sweep_local import Command, run_local

POINTS = grid_points("mts-xor", ["network.tau.dtau_s=-0.5,0.5"])


def result(accuracy: float) -> str:
    facts = {"validation": {"accuracy": accuracy}, "test": {"accuracy": accuracy / 2}, "parameters": 7}
    return json.dumps(facts)


def pretend(jobs, *, fail: frozenset[int] = frozenset(), seen: list[str] | None = None):
    """Give a runner that writes results instead of training."""

    def run(commands, *, at_once, done, tick) -> None:
        for index, command in enumerate(commands):
            folder = Path(command.arguments[3])
            if seen is not None:
                seen.append(f"{folder.parent.name}/{folder.name}")
            folder.mkdir(parents=True, exist_ok=True)
            if index in fail:
                command.log.parent.mkdir(parents=True, exist_ok=True)
                command.log.write_text("start\nerror[ND054]: the training has diverged\n  --> here\n")
                done(index, 2)
                continue
            (folder / "recipe.toml").write_text(Path(command.arguments[2]).read_text())
            (folder / "result.json").write_text(result(0.5 + 0.1 * index))
            done(index, 0)

    return run


def test_every_point_and_seed_is_a_run_with_its_own_recipe(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0, 4), tmp_path / "s", epochs=3, threads=1)
    assert [(job.point.name, job.seed) for job in jobs] == [
        ("dtau_s=-0.5", 0), ("dtau_s=-0.5", 4), ("dtau_s=0.5", 0), ("dtau_s=0.5", 4),
    ]  # fmt: skip
    assert {(job.recipe.train.epochs, job.recipe.train.threads) for job in jobs} == {(3, 1)}
    assert [job.recipe.train.seed for job in jobs] == [0, 4, 0, 4]
    assert len({job.folder for job in jobs}) == 4
    assert not (tmp_path / "s").exists()


def test_a_sweep_writes_rows_and_tables(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0, 1), tmp_path)
    swept = run_sweep(jobs, tmp_path, run=pretend(jobs))
    assert [row.accuracy["validation"] for row in swept.rows] == pytest.approx([0.5, 0.6, 0.7, 0.8])
    assert swept.rows[0].facts == {"parameters": 7}
    assert len((tmp_path / ROWS).read_text().splitlines()) == 5
    table = json.loads((tmp_path / TABLE).read_text())
    assert table["points"][1]["difference"]["validation"]["mean"] == pytest.approx(0.2)
    assert not list(tmp_path.glob(".*"))


def test_a_failing_run_is_reported_and_does_not_stop_the_others(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0, 1), tmp_path)
    swept = run_sweep(jobs, tmp_path, run=pretend(jobs, fail=frozenset({1})))
    assert [row.status for row in swept.rows] == ["finished", "failed", "finished", "finished"]
    (failure,) = swept.failures
    assert failure.code == "ND066"
    assert "error[ND054]: the training has diverged" in failure.found


def test_a_run_without_a_result_has_failed_whatever_its_exit_code(tmp_path: Path) -> None:
    jobs = plan(POINTS[:1], (0,), tmp_path)
    swept = run_sweep(jobs, tmp_path, run=lambda commands, *, at_once, done, tick: done(0, 0))
    assert [row.status for row in swept.rows] == ["failed"]
    assert len(swept.failures) == 1


def test_resuming_skips_finished_runs_and_takes_new_seeds(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0,), tmp_path)
    run_sweep(jobs, tmp_path, run=pretend(jobs))
    seen: list[str] = []
    again = plan(POINTS, (0, 1), tmp_path, resume=True)
    swept = run_sweep(again, tmp_path, run=pretend(again, seen=seen))
    assert seen == ["dtau_s=-0.5/seed1", "dtau_s=0.5/seed1"]
    assert all(row.status == "finished" for row in swept.rows)


def test_an_existing_folder_needs_resume(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NeurodeployError) as caught:
        plan(POINTS, (0,), tmp_path)
    assert caught.value.findings[0].code == "ND062"


def test_a_run_of_another_recipe_is_not_taken_for_this_sweeps(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0,), tmp_path, epochs=3)
    run_sweep(jobs, tmp_path, run=pretend(jobs))
    with pytest.raises(NeurodeployError) as caught:
        plan(POINTS, (0,), tmp_path, epochs=4, resume=True)
    assert caught.value.findings[0].code == "ND063"
    assert "epochs = 3" in caught.value.findings[0].found


def test_another_number_of_threads_is_the_same_sweep(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0,), tmp_path, threads=1)
    jobs[0].folder.mkdir(parents=True)
    (jobs[0].folder / "recipe.toml").write_text(dump_recipe(jobs[0].recipe))
    assert plan(POINTS, (0,), tmp_path, threads=2, resume=True)


def test_progress_counts_epochs(tmp_path: Path) -> None:
    (job,) = plan(POINTS[:1], (0,), tmp_path, epochs=4)
    assert job.progress == 0.0
    job.folder.mkdir(parents=True)
    (job.folder / "metrics.jsonl").write_text("{}\n{}\n{}\n")
    assert job.progress == 0.75


def commands_of(tmp_path: Path, texts: list[str]) -> list[Command]:
    return [Command(("-c", text), tmp_path / f"{index}.log", tmp_path, 1) for index, text in enumerate(texts)]


def test_processes_run_and_their_codes_and_output_are_kept(tmp_path: Path) -> None:
    codes: dict[int, int] = {}
    texts = ["print('hello')", "raise SystemExit(3)", "import neurodeploy"]
    run_local(commands_of(tmp_path, texts), at_once=2, done=lambda index, code: codes.update({index: code}))
    assert codes == {0: 0, 1: 3, 2: 0}
    assert (tmp_path / "0.log").read_text() == "hello\n"


def test_an_interrupt_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"import time, pathlib\ntime.sleep(3)\npathlib.Path({str(mark)!r}).touch()"
    calls = []

    def tick() -> None:
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_local(commands_of(tmp_path, [text]), at_once=1, done=lambda *_: None, tick=tick)
    assert len(calls) == 1
    assert not mark.exists()


def test_without_ray_the_finding_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(NeurodeployError) as caught:
        sweep_ray.run_ray([], address="local", at_once=1, done=lambda *_: None)
    assert caught.value.exit_code == 4
    assert caught.value.findings[0].code == "ND064"
    assert "pip install 'neurodeploy[sweep]'" in caught.value.findings[0].help
