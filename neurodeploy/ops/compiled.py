"""Compile functions with numba, and keep the machine code on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Give a decorator that compiles a function at its first call, without the interpreter's lock.

    Parameters
    ----------
    options
        Further options of :func:`numba.njit`: ``error_model``, ``fastmath``, ...

    Notes
    -----
    ``numba.njit(cache=True)`` looks for a folder that it can write while the module is imported, and raises
    where there is none: a read-only installation and no writable home. It raises from within a call where
    the disk is full or a file of the cache is damaged. Here the cache is looked for at the first call, and
    without it the function is compiled again in each process.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(nogil=True, **options)(function)
        dispatcher._cache = _LateCache(function)  # what enable_caching() sets, numba 0.57 to 0.66
        return dispatcher

    return decorate


class _LateCache:
    """Numba's cache of one function, made at its first use; whatever fails in it is a miss."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._made: Any = None
        self._usable = True

    @property
    def cache_path(self) -> str | None:
        """The folder; None where there is none."""
        cache = self._cache()
        return None if cache is None else str(cache.cache_path)

    def _cache(self) -> Any:
        if self._made is None and self._usable:
            try:
                self._made = FunctionCache(self._function)
            except (RuntimeError, OSError):  # no folder can be written
                self._usable = False
        return self._made if self._usable else None

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Read the machine code of a signature; None where there is none that can be read."""
        cache = self._cache()
        if cache is None:
            return None
        try:
            return cache.load_overload(signature, target_context)
        except Exception:  # a damaged file, or one that names a type of an older release
            self._forget(cache)
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write the machine code of a signature, if it can be written."""
        cache = self._cache()
        if cache is None:
            return
        try:
            cache.save_overload(signature, result)
        except Exception:  # a full disk
            self._usable = False

    def _forget(self, cache: Any) -> None:
        """Put an empty index in place of one that cannot be read: the next process then finds a good one."""
        try:
            cache.flush()
        except Exception:
            self._usable = False

    def enable(self) -> None:
        """Use the cache, where there is one."""
        self._usable = True

    def disable(self) -> None:
        """Compile anew."""
        self._usable = False

    def flush(self) -> None:
        """Forget what is kept."""
        cache = self._cache()
        if cache is not None:
            cache.flush()
