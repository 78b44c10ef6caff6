"""Odd numbers, texts and names that programs stumble over."""

from __future__ import annotations

import random
from typing import Any

FLOATS = (
    float("nan"), float("inf"), float("-inf"), 0.0, -0.0, -1.0, 5e-324, 1e-310, 1e-30, 1e9, 1e18, 1e30, 1e300,
    1.7976931348623157e308, 0.5, 1.9, 2.0**63,
)  # fmt: skip
INTEGERS = (
    0, -1, 1, 2, -5, 3, 62, 63, 64, 255, 256, 4095, 4096, 65535, 65536, 100_000, 10**6, 2**31 - 1, 2**31,
    -(2**31),
    10**9, 10**12, 2**63 - 1, -(2**63),
)  # fmt: skip
HUGE_INTEGERS = (2**63, 2**64, 10**30, 10**400, -(10**30))
TEXTS = (
    "", "x", "nan", "1e999", "0", "-", "../x", "/", ".", "..", "a" * 5000, "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "[bold]", "[/bold]", "[link=x]y", "<script>alert(1)</script>", '"><b>', "]]>", "naïve-ß-漢字-😀",
    "\u202eabc",
    "a\nb", "a\tb", "\u0085\u009b31m", "{0}", "%s", "$HOME", "input", "output", "lif",
)  # fmt: skip


def number(rng: random.Random) -> float | int:
    """Draw a number that is seldom right."""
    return rng.choice(FLOATS) if rng.random() < 0.5 else rng.choice(INTEGERS)


def json_value(rng: random.Random, depth: int = 0) -> Any:
    """Draw a JSON value of any type."""
    kind = rng.randrange(9)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice(INTEGERS + HUGE_INTEGERS)
    if kind == 3:
        return rng.choice(FLOATS)
    if kind == 4:
        return rng.choice(TEXTS)
    if kind == 5:
        return [json_value(rng, depth + 1) for _ in range(rng.randrange(4))] if depth < 3 else []
    if kind == 6:
        return {rng.choice(TEXTS): json_value(rng, depth + 1) for _ in range(3)} if depth < 3 else {}
    if kind == 7:
        return "\ud800 surrogate" if rng.random() < 0.3 else rng.choice(TEXTS)
    return nested(rng.choice((5, 200)))


def nested(depth: int) -> Any:
    """Give lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value
