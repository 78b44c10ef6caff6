"""Keep ``torch.compile`` out of functions that are compiled already, or that it cannot read."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch

F = TypeVar("F", bound=Callable[..., Any])


def uncompiled(function: F) -> F:
    """Let ``torch.compile`` break its graph at a function and call it as it is.

    Notes
    -----
    :func:`torch.compiler.disable` loads the compiler, about a second, when a function is *defined*; here it
    is asked for once it compiles. With ``fullgraph=True`` the break is torch's own error.
    """
    kept: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        if not torch.compiler.is_compiling():
            return function(*arguments, **keywords)
        if not kept:
            kept.append(torch.compiler.disable(function))
        return kept[0](*arguments, **keywords)

    return call  # type: ignore[return-value]
