"""Set up the threads that train: how many, and what they do with subnormal numbers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_KEPT_BYTES = 2**31 - 1


def prepare_threads(n: int) -> None:
    """Use ``n`` threads, flush subnormal numbers and keep freed memory.

    Call it before the first operation that runs in parallel. The environment variable
    ``OMP_WAIT_POLICY=PASSIVE`` matters as much where other programs run on the same cores (spinning
    threads then cost 4 to 6 times), but OpenMP reads it when torch is imported: set it before that.

    Parameters
    ----------
    n
        Number of threads, at least 1.
    """
    if n < 1:
        raise ValueError(f"the number of threads is at least 1, not {n}")
    torch.set_num_threads(n)
    flush_denormals()
    keep_freed_memory()


@contextmanager
def training_threads(n: int) -> Iterator[None]:
    """Train inside with :func:`prepare_threads`; after it the thread keeps subnormal numbers again."""
    prepare_threads(n)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


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


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory instead of giving it back to the system.

    A training step frees and takes the same large blocks again and again, and without this each
    page of them is faulted in anew.

    Returns
    -------
    bool
        Whether the C library (glibc) took both settings.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES))


@lru_cache(maxsize=4)
def _pool(n: int) -> ThreadPoolExecutor:
    """Make ``n`` threads that flush subnormal numbers."""
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
    n = min(torch.get_num_threads(), n_items)
    if n <= 1:
        work(0, n_items)
        return
    parts = [(n_items * k // n, n_items * (k + 1) // n) for k in range(n)]
    waiting = [_pool(n - 1).submit(work, *part) for part in parts[1:]]
    work(*parts[0])
    for future in waiting:
        future.result()
