import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neurodeploy.findings.finding import Exit, NeurodeployError
from neurodeploy.recipe import dump_recipe
from neurodeploy.sweep import ray_cluster as sweep_ray
from neurodeploy.sweep.cells import grid_points
from neurodeploy.sweep.local import ANSWER, Command, environment, run_local
from neurodeploy.sweep.sweep import ROWS, TABLE, plan, run_sweep

POINTS = grid_points("mts-xor", ["network.tau.dtau_s=-0.5,0.5"])


def result(accuracy: float) -> str:
    facts = {"validation": {"accuracy": accuracy}, "test": {"accuracy": accuracy / 2}, "parameters": 7}
    return json.dumps(facts)


def pretend(jobs, *, fail: frozenset[int] = frozenset(), seen: list[str] | None = None):
    """Give a runner that writes results instead of training."""

    def run(commands, *, at_once, done, tick) -> None:
        for index, command in enumerate(commands):
            folder = command.run
            if seen is not None:
                seen.append(f"{folder.parent.name}/{folder.name}")
            folder.mkdir(parents=True, exist_ok=True)
            if index in fail:
                command.log.parent.mkdir(parents=True, exist_ok=True)
                command.log.write_text("start\nerror[ND054]: the training has diverged\n  --> here\n")
                done(index, 2)
                continue
            (folder / "recipe.toml").write_text(command.recipe.read_text())
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


def test_a_sweep_runs_seed_by_seed_and_writes_rows_and_tables(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0, 1), tmp_path)
    swept = run_sweep(jobs, tmp_path, run=pretend(jobs))
    assert [row.accuracy["validation"] for row in swept.rows] == pytest.approx([0.5, 0.7, 0.6, 0.8])
    assert swept.rows[0].facts == {"parameters": 7}
    assert len((tmp_path / ROWS).read_text().splitlines()) == 5
    table = json.loads((tmp_path / TABLE).read_text())
    assert table["points"][1]["difference"]["validation"]["mean"] == pytest.approx(0.1)
    assert not list(tmp_path.glob(".*"))


def test_a_failing_run_is_reported_and_does_not_stop_the_others(tmp_path: Path) -> None:
    jobs = plan(POINTS, (0, 1), tmp_path)
    swept = run_sweep(jobs, tmp_path, run=pretend(jobs, fail=frozenset({1})))
    assert [row.status for row in swept.rows] == ["finished", "finished", "failed", "finished"]
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


def commands_of(tmp_path: Path, n: int) -> list[Command]:
    return [
        Command(tmp_path / f"{index}.toml", tmp_path / str(index), None, tmp_path / f"{index}.log", 1)
        for index in range(n)
    ]


SERVER = f"""
import json, os, sys
for line in sys.stdin:
    name = os.path.basename(json.loads(line)["run"])
    if name == "2":
        os.abort() if sys.argv[1:] == ["abort"] else sys.exit(7)
    if sys.argv[1:] == ["talk"]:
        print("a line of its own\\n42\\n\\nno line break", end="")
    print({ANSWER!r} + name, flush=True)
"""


def test_one_process_serves_many_runs_and_a_death_costs_one_run(tmp_path: Path) -> None:
    codes: dict[int, int] = {}
    run_local(commands_of(tmp_path, 5), at_once=2, done=codes.__setitem__, worker=("-c", SERVER))
    assert codes == {0: 0, 1: 1, 2: 7, 3: 3, 4: 4}


def test_a_worker_that_prints_lines_of_its_own_is_understood(tmp_path: Path) -> None:
    codes: dict[int, int] = {}
    run_local(commands_of(tmp_path, 4), at_once=1, done=codes.__setitem__, worker=("-c", SERVER, "talk"))
    assert codes == {0: 0, 1: 1, 2: 7, 3: 3}


def test_a_worker_that_only_prints_lines_of_its_own_has_failed(tmp_path: Path) -> None:
    codes: dict[int, int] = {}
    text = "print('hello'); input(); print('42'); print('who are you')"
    run_local(commands_of(tmp_path, 2), at_once=1, done=codes.__setitem__, worker=("-c", text))
    assert codes == {0: 1, 1: 1}


def test_a_worker_that_cannot_be_started_fails_its_runs_and_the_sweep_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    codes: dict[int, int] = {}
    run_local(commands_of(tmp_path, 3), at_once=2, done=codes.__setitem__)
    assert codes == {0: 1, 1: 1, 2: 1}


def test_a_crash_is_a_failed_run(tmp_path: Path) -> None:
    codes: dict[int, int] = {}
    run_local(commands_of(tmp_path, 4), at_once=1, done=codes.__setitem__, worker=("-c", SERVER, "abort"))
    assert codes == {0: 0, 1: 1, 2: -6, 3: 3}


def test_an_interrupt_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"import time, pathlib\ninput()\ntime.sleep(60)\npathlib.Path({str(mark)!r}).touch()"
    began, before = time.monotonic(), threading.active_count()

    def tick() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_local(commands_of(tmp_path, 3), at_once=2, done=lambda *_: None, tick=tick, worker=("-c", text))
    assert time.monotonic() - began < 60  # it did not wait for the worker
    assert threading.active_count() <= before
    assert not mark.exists()


TALKER = """
import os, sys
from neurodeploy.sweep import worker
os.write(1, b"printed before a run\\n")
real = worker.train_one
def train_one(*args, **settings):
    os.write(1, b"printed by C\\n")
    return real(*args, **settings)
worker.train_one = train_one
sys.exit(worker.main(["--serve"]))
"""


@pytest.mark.slow
def test_what_a_run_prints_goes_to_its_log_and_findings_give_its_code(tmp_path: Path) -> None:
    (command, other) = commands_of(tmp_path, 2)
    done = subprocess.run(
        [sys.executable, "-c", TALKER],
        input=command.line + other.line,
        capture_output=True,
        text=True,
        env=dict(environment()),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"printed before a run\n{ANSWER}2\n{ANSWER}2\n"
    assert "error[ND001]" in command.log.read_text() and "printed by C" in command.log.read_text()


SWEEP = """
import sys, time
from pathlib import Path
from neurodeploy.sweep import local
tmp = Path(sys.argv[1])
commands = [local.Command(tmp / "x.toml", tmp / str(n), None, tmp / f"{n}.log", 1) for n in range(2)]
worker = () if sys.argv[2] == "real" else ("-c", sys.argv[2], str(__import__("os").getpid()))
print("ready", flush=True)
local.run_local(commands, at_once=2, done=lambda *_: None, worker=worker)
"""
SLOW = """
import os, sys, time
from pathlib import Path
from neurodeploy.sweep import worker

def train_one(recipe, run, data, *, target):
    run.mkdir()
    (run / "pid").write_text(str(os.getpid()))
    time.sleep(120)

worker.train_one = train_one
worker.main(["--serve", "--parent", sys.argv[1]])
"""
LATE = "import os, sys, time\nwhile os.getppid() == int(sys.argv[1]): time.sleep(0.05)\n" + SLOW


def started(tmp_path: Path, worker: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SWEEP, str(tmp_path), worker],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(environment()),
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_when_the_sweep_is_killed(way: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path, SLOW) as process:
        wait_for(lambda: all((tmp_path / str(n) / "pid").is_file() for n in range(2)))
        pids = [int((tmp_path / str(n) / "pid").read_text()) for n in range(2)]
        assert all(map(alive, pids))
        process.send_signal(way)
        process.wait()
        wait_for(lambda: not any(map(alive, pids)))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_a_worker_whose_sweep_is_gone_before_it_looks_trains_nothing(tmp_path: Path) -> None:
    with started(tmp_path, LATE) as process:
        children = Path(f"/proc/{process.pid}/task")
        pids: set[int] = set()

        def there() -> bool:
            for task in children.iterdir():
                pids.update(int(pid) for pid in (task / "children").read_text().split())
            return len(pids) == 2

        wait_for(there)
        process.kill()
        process.wait()
        wait_for(lambda: not any(map(alive, pids)))
    assert not list(tmp_path.iterdir())


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # a zombie has ended; here nobody may be left to collect it


def test_without_ray_the_finding_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(NeurodeployError) as caught:
        sweep_ray.run_ray([], address="local", at_once=1, done=lambda *_: None)
    assert caught.value.exit_code == 4
    assert caught.value.findings[0].code == "ND064"
    assert "pip install 'neurodeploy[train,sweep]'" in caught.value.findings[0].help


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "ray://127.0.0.1:{port}", "127.0.0.1:none"])
def test_a_ray_cluster_that_nobody_runs_is_a_finding_before_ray_tries(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NeverAnswers:
        """Ray, which tries for more than ten minutes where nobody is."""

        def init(self, **_: object) -> None:
            raise AssertionError("Ray was left to find out")

    monkeypatch.setattr(sweep_ray, "_ray", NeverAnswers)
    with socket.socket() as held:  # bound and not listening: nobody else takes the port, and it refuses
        held.bind(("127.0.0.1", 0))
        place = address.format(port=held.getsockname()[1])
        with pytest.raises(NeurodeployError) as caught:
            sweep_ray.run_ray([], address=place, at_once=1, done=lambda *_: None)
    assert caught.value.findings[0].code == "ND065" and caught.value.exit_code == Exit.BACKEND_MISSING
    assert place in caught.value.findings[0].where
