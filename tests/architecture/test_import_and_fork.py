"""Rule 11: importing makes no pool, writes no file and asks no device; a fork after any public call works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import neurodeploy as nd

WATCH = """
import importlib, os, pkgutil, sys, threading
sys.dont_write_bytecode = True
# Other people's packages first: what they do when they are imported is theirs.
for name in ("click", "numpy", "h5py", "nir", "numba", "pydantic", "platformdirs", "threadpoolctl", "tomli_w",
             "rich.console", "rich.progress", "rich.table", "jinja2", "importlib.metadata", "multiprocessing",
             "concurrent.futures", "torch", "torch.distributed", "norse.torch", "safetensors.torch",
             "scipy.stats", "matplotlib.figure"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        print("without", name)
threads = {thread.name for thread in threading.enumerate()}
seen = []
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            seen.append(f"writes {os.path.basename(os.fsdecode(path))}")
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.fork", "os.posix_spawn", "subprocess.Popen",
                   "socket.connect", "socket.getaddrinfo", "tempfile.mkstemp", "tempfile.mkdtemp"):
        seen.append(event)
sys.addaudithook(watch)
root = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
    if module.name.rpartition(".")[2] in ("__main__", "runner", "runner_processes"):
        continue  # programs, not modules: one is ours to start, one runs in Lava's environment
    before = len(seen)
    importlib.import_module(module.name)
    for what in seen[before:]:
        print("AT IMPORT", module.name, what)
for thread in threading.enumerate():
    if thread.name not in threads:
        print("AT IMPORT", "a thread", thread.name)
torch = sys.modules.get("torch")
if torch is not None and torch.cuda.is_initialized():
    print("AT IMPORT", "a device was asked for")
"""


def at_import(package: str, *path: Path) -> list[str]:
    """Import every module of a package in a new Python; give what they did besides."""
    there = os.pathsep.join(map(str, path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WATCH, package],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": there} if path else None,
    )
    assert done.returncode == 0, done.stderr
    return [
        line.removeprefix("AT IMPORT ") for line in done.stdout.splitlines() if line.startswith("AT IMPORT")
    ]


@pytest.mark.slow
def test_importing_every_module_does_nothing_else():
    assert at_import("neurodeploy") == []


@pytest.mark.slow
def test_what_a_module_does_at_import_is_seen(tmp_path: Path):
    made = tmp_path / "busy"
    made.mkdir()
    (made / "__init__.py").write_text("")
    (made / "a.py").write_text("import os\nos.mkdir(os.path.join(os.path.dirname(__file__), 'cache'))\n")
    (made / "b.py").write_text(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True, name='pool').start()\n"
    )
    (made / "c.py").write_text("import subprocess\nsubprocess.run(['true'])\n")
    (made / "d.py").write_text("open(__file__ + '.log', 'w').close()\n")
    (made / "e.py").write_text("x = 1\n")
    found = at_import("busy", tmp_path)
    modules = [line.split()[0] for line in found]
    assert set(modules) == {"busy.a", "busy.c", "busy.d", "a"} and "a thread pool" in found


FORK = """
import os, sys, signal, warnings
warnings.simplefilter("ignore")
import numpy as np
import neurodeploy as nd
from pathlib import Path
tiny, name = Path(sys.argv[1]), sys.argv[2]
spikes = np.load(tiny / "given.npz")["spikes"][:4]
SMALL = ["data.train_trials=16", "data.validation_trials=8", "data.test_trials=8", "network.hidden=[4]",
         "train.epochs=1", "train.threads=2", "train.batch_size=8"]
count = 0
def out(what):
    global count
    count += 1
    return Path(f"{what}-{os.getpid()}-{count}")
samples = nd.load_samples(tiny / "given.npz")
def module():
    import norse.torch as norse, torch
    torch.manual_seed(0)
    neurons = norse.LIFBoxParameters(tau_mem_inv=torch.tensor(20.0), v_th=torch.tensor(0.1))
    return norse.SequentialState(torch.nn.Linear(12, 4), norse.LIFBoxCell(neurons, dt=0.01))
CALLS = {
    "accuracy": lambda: nd.accuracy(samples, nd.simulate(tiny / "bundle", samples, threads=2)),
    "check": lambda: nd.check(tiny / "tiny.nir", "loihi2"),
    "export": lambda: nd.export(tiny / "tiny.nir", out("bundle"), target="loihi2", calibrate=samples),
    "from_module": lambda: nd.from_module(module(), samples, dt_s=0.01),
    "load_recipe": lambda: nd.load_recipe("mts-xor"),
    "load_samples": lambda: nd.load_samples(tiny / "given.npz"),
    "load_target": lambda: nd.load_target("loihi2"),
    "lower": lambda: nd.lower(tiny / "tiny.nir", "loihi2", calibration=spikes),
    "open_bundle": lambda: repr(nd.open_bundle(tiny / "bundle").program),
    "read_nir": lambda: nd.read_nir(tiny / "tiny.nir"),
    "run": lambda: nd.run(tiny / "bundle", spikes, backend="float", threads=2),
    "simulate": lambda: nd.simulate(tiny / "bundle", spikes, threads=2),
    "train": lambda: nd.train(nd.load_recipe("mts-xor", SMALL), out("run"), threads=2),
    "verify": lambda: nd.verify(tiny / "bundle", samples=4, threads=2),
    "write_nir": lambda: nd.write_nir(nd.read_nir(tiny / "tiny.nir"), out("net").with_suffix(".nir")),
}
if name == "?":
    print(*CALLS)
    sys.exit()
if name == "open_run":
    nd.train(nd.load_recipe("mts-xor", SMALL), Path("run"), threads=1)
    CALLS["open_run"] = lambda: repr(nd.open_run(Path("run")))
call = CALLS[name]
call()
child = os.fork()
if child == 0:
    signal.alarm(100)  # a child that hangs is ended
    code = 1
    try:
        call()
        code = 0
    finally:
        os._exit(code)
_, status = os.waitpid(child, 0)
call()  # and the parent goes on
print("CHILD", status)
"""
WITHOUT_WORK = {"nn", "plot", "sweep", "open_run"}
"""Rooms; and what starts processes of its own (a sweep) or is tried beside (open_run)."""
FUNCTIONS = sorted(name for name in nd.__all__ if name[0].islower() and name not in WITHOUT_WORK)


def forked(name: str, tiny: Path, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FORK, str(tiny), name], capture_output=True, text=True, timeout=400, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork (POSIX)")
def test_every_public_function_is_tried_with_a_fork(tiny_folder: Path, tmp_path: Path):
    assert sorted(forked("?", tiny_folder, tmp_path).split()) == FUNCTIONS


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork (POSIX)")
@pytest.mark.parametrize("name", [*FUNCTIONS, "open_run"])
def test_a_fork_after_a_public_call_can_make_it_again(name: str, tiny_folder: Path, tmp_path: Path):
    assert forked(name, tiny_folder, tmp_path).splitlines()[-1] == "CHILD 0"
