"""The threads that compute: how many, what they do with subnormal numbers, and what a fork leaves of them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import torch

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_KEPT_BYTES = 2**31 - 1
_USUAL = {_M_MMAP_MAX: 65536, _M_TRIM_THRESHOLD: 128 * 1024}
"""glibc's own settings (2.39, ``malloc/malloc.c``, ``DEFAULT_MMAP_MAX``, ``DEFAULT_TRIM_THRESHOLD``)."""


def prepare_threads(n: int) -> None:
    """Use ``n`` threads, flush subnormal numbers and keep freed memory.

    Call it before the first operation that runs in parallel. The environment variable
    ``OMP_WAIT_POLICY=PASSIVE`` matters as much where other programs run on the same cores (spinning
    threads then cost 4 to 6 times), but OpenMP reads it when torch is imported: set it before that.

    Parameters
    ----------
    n
        Number of threads, at least 1. A process that was forked off one that computed takes 1 in any case,
        see :func:`survive_forks`.
    """
    if n < 1:
        raise ValueError(f"the number of threads is at least 1, not {n}")
    survive_forks()
    torch.set_num_threads(1 if _is_fork() else n)
    flush_denormals()
    keep_freed_memory()


@contextmanager
def training_threads(n: int) -> Iterator[None]:
    """Train inside with :func:`prepare_threads`; after it everything is as it was before.

    What cannot be read back is set to what it is by default: the C library's thresholds. OpenMP's workers
    that were started inside go on flushing subnormal numbers; the calling thread does not.
    """
    threads, flushed = torch.get_num_threads(), _flushes()
    prepare_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(flushed)
        _set_malloc(_USUAL)


def flush_denormals() -> bool:
    """Treat subnormal numbers as zero in this thread and in those that it starts.

    Returns
    -------
    bool
        Whether the processor can do it.

    Notes
    -----
    The flag belongs to a thread; OpenMP's workers inherit it from the thread that starts them, hence:
    before the first parallel operation.
    """
    done: bool = torch.set_flush_denormal(True)
    return done


def _flushes() -> bool:
    """Say whether this thread treats subnormal numbers as zero."""
    return float(torch.tensor(2.0**-140) * 1.0) == 0.0


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory instead of giving it back to the system.

    A training step frees and takes the same large blocks again and again, and without this each
    page of them is faulted in anew.

    Returns
    -------
    bool
        Whether the C library (glibc) took both settings.
    """
    return _set_malloc({_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: _KEPT_BYTES})


def _set_malloc(settings: dict[int, int]) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    taken = [bool(mallopt(key, value)) for key, value in settings.items()]
    return all(taken)


@cache
def survive_forks() -> None:
    """Let a process that is forked off this one compute, in one thread; called by every operator.

    Notes
    -----
    A fork copies the memory of a pool and none of its threads, so whoever gives it work waits for ever. Ours
    is made anew in each process. OpenMP's, behind torch, cannot be made anew (libgomp, GCC 13), but with one
    thread it is not asked. torch does not see to that itself.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_one_thread)


@cache
def _parent() -> list[int]:
    """Give the processes that this one was forked off after they computed."""
    return []


def _one_thread() -> None:
    _parent().append(os.getppid())
    torch.set_num_threads(1)


def _is_fork() -> bool:
    return bool(_parent())


@lru_cache(maxsize=4)
def _pool(n: int, _process: int) -> ThreadPoolExecutor:
    """Make ``n`` threads of a process that flush subnormal numbers."""
    return ThreadPoolExecutor(n, thread_name_prefix="neurodeploy-scan", initializer=flush_denormals)


def share(work: Callable[..., Any], n_items: int) -> None:
    """Run ``work(first, last)`` over parts of ``range(n_items)``, one for each of torch's threads.

    Parameters
    ----------
    work
        A function that releases the interpreter's lock.
    n_items
        Number of items; the parts differ by one item at most.
    """
    survive_forks()
    n = min(torch.get_num_threads(), n_items)
    if n <= 1:
        work(0, n_items)
        return
    parts = [(n_items * k // n, n_items * (k + 1) // n) for k in range(n)]
    pool = _pool(n - 1, os.getpid())
    waiting = [pool.submit(work, *part) for part in parts[1:]]
    try:
        work(*parts[0])
    finally:
        wait(waiting)  # they write into the caller's arrays, also after a Ctrl-C here
    for future in waiting:
        future.result()
