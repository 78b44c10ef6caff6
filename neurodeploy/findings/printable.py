"""Text from files and names, made safe for a terminal: what would steer it is written as an escape."""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_DIRECTIONS = "\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_LONE_SURROGATES = "\ud800-\udfff"
_STEERING = re.compile(f"[{_CONTROLS}{_DIRECTIONS}{_LONE_SURROGATES}]")
_STEERING_OR_LAYOUT = re.compile(f"[\t\n{_CONTROLS}{_DIRECTIONS}{_LONE_SURROGATES}]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""Write control characters, changes of direction and lone surrogates as ``\x1b`` or ``\u202e``.

    Parameters
    ----------
    text
        Any; a network's name may come from a stranger's file.
    lines
        Whether line ends and tabs may stay: they may in a page, not in a name.
    """
    return (_STEERING if lines else _STEERING_OR_LAYOUT).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
