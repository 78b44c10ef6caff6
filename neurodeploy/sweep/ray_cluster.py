"""Runs of a sweep on a Ray cluster, or on a Ray of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from neurodeploy.findings.codes_training import NO_RAY, NO_RAY_CLUSTER
from neurodeploy.sweep.local import Command, environment

NOT_SHARED = -1000
"""Code of a run whose node does not see the sweep's folder; no process ends with it."""

ANSWER_LIMIT_S = 10.0
"""How long the address of a cluster may take to accept a connection; Ray alone tries for more than ten
minutes where nobody is."""

_PASSED_ON = ("PYTHONPATH", "OMP_WAIT_POLICY", "NO_COLOR")


def run_ray(
    commands: Sequence[Command],
    *,
    address: str,
    at_once: int,
    done: Callable[[int, int], None],
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Execute commands as Ray tasks; as :func:`neurodeploy.sweep.local.run_local` otherwise.

    Each task starts a process of its own with the node's Python, in which neurodeploy must be installed. The
    sweep's folder and the data lie on storage that every node sees under the same path.

    Parameters
    ----------
    commands
        What to execute; a task takes as many cores as its command says.
    address
        ``local`` starts a Ray on this machine with ``at_once`` tasks at a time; else the address of a
        cluster (``auto``, ``host:6379``, ``ray://host:10001``), which decides how many.
    at_once
        See ``address``.
    done, tick
        As in ``run_local``; a node without the folder gives the code :data:`NOT_SHARED`.

    Raises
    ------
    NeurodeployError
        ND064 Ray is not installed; ND065 the cluster does not answer (exit code 4, both).
    """
    ray = _ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if address == "local":
        cores = max(command.cores for command in commands) * at_once if commands else 1
        options |= {"num_cpus": cores, "include_dashboard": False}
    try:
        _reach(address)
        ray.init(address=address, **options)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError, OSError) as error:
        raise NO_RAY_CLUSTER.error(
            where=f"--ray {address}",
            found=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"[:300],
            help="Check the address with `ray status`, or use --ray local.",
        ) from None
    try:
        _run(ray, commands, extra=_extra(address), done=done, tick=tick)
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raise OSError or ValueError unless somebody accepts connections at ``host:port`` or ``ray://host:port``.

    Other addresses (``auto``, ``local``) are left to Ray, which answers at once where there is none.
    """
    scheme, separator, place = address.rpartition("://")
    if (separator and scheme != "ray") or ":" not in place:
        return
    parts = urlsplit(f"//{place}")
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"{address!r} is not host:port")
    with socket.create_connection((parts.hostname, parts.port), timeout=ANSWER_LIMIT_S):
        pass


def _run(
    ray: Any,
    commands: Sequence[Command],
    *,
    extra: dict[str, str],
    done: Callable[[int, int], None],
    tick: Callable[[], None],
) -> None:
    def execute(arguments: tuple[str, ...], log: str, needs: str) -> int:
        # Sent to the node by value: a node whose neurodeploy is missing still answers, with a log.
        import os
        import subprocess
        import sys

        if not os.path.isfile(needs):  # noqa: PTH113
            return NOT_SHARED
        with open(log, "wb") as file:  # noqa: PTH123
            return subprocess.call(
                [sys.executable, *arguments, "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **extra},
            )

    waiting = {}
    for index, command in enumerate(commands):
        command.log.parent.mkdir(parents=True, exist_ok=True)
        task = ray.remote(execute).options(num_cpus=command.cores, max_retries=0)
        waiting[task.remote(command.arguments, str(command.log), str(command.recipe))] = index
    try:
        while waiting:
            ready, _ = ray.wait(list(waiting), num_returns=1, timeout=0.5)
            for reference in ready:
                index = waiting.pop(reference)
                try:
                    code = int(ray.get(reference))
                except ray.exceptions.RayError as error:
                    commands[index].log.write_text(f"Ray: {error}\n")
                    code = 1
                done(index, code)
            tick()
    finally:
        for reference in waiting:
            ray.cancel(reference, force=True)


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ModuleNotFoundError:
        raise NO_RAY.error(
            where="--ray",
            help="pip install 'neurodeploy[train,sweep]', or leave out --ray for this machine alone.",
        ) from None
    return ray


def _extra(address: str) -> dict[str, str]:
    """Give what a run needs in its environment; this machine's paths only on this machine."""
    here = environment()
    return {
        name: here[name]
        for name in _PASSED_ON
        if name in here and (address == "local" or name != "PYTHONPATH")
    }
