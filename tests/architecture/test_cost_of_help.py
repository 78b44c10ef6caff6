"""``--help`` is quick because it imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys
import time

HEAVY = ("torch", "norse", "numba", "nir", "h5py", "pydantic", "numpy", "scipy", "rich", "jinja2")
LIMIT_S = 0.3


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from neurodeploy.cli import program\n"
        "try: program.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout and done.stdout.rstrip().endswith("HEAVY []")


def test_help_answers_in_less_than_a_third_of_a_second():
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "neurodeploy", "--help"], capture_output=True, check=True)
        return time.perf_counter() - start

    # The best of several: other processes may share the machine, and the first start reads the disk.
    times = []
    for _ in range(8):
        times.append(once())
        if times[-1] < LIMIT_S:
            break
    assert min(times) < LIMIT_S, times
