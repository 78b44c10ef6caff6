"""Count results: a table by kind, and one by class of failure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any


def summary(results: Iterable[dict[str, Any]]) -> tuple[str, bool]:
    """Give the tables as text, and whether any case failed."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    classes: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for result in results:
        kinds[result["kind"]].update(
            cases=1, commands=len(result["codes"]), failed=bool(result["failures"]), seconds=result["seconds"]
        )
        for name in sorted({failure["class"] for failure in result["failures"]}):
            key = (result["kind"], name)
            classes[key] += 1
            first.setdefault(key, result["name"])
    lines = [f"{'kind':<8}{'cases':>8}{'commands':>10}{'failed':>8}{'seconds':>9}"]
    for kind, counts in kinds.items():
        lines.append(
            f"{kind:<8}{counts['cases']:>8}{counts['commands']:>10}{counts['failed']:>8}{counts['seconds']:>9.0f}"
        )
    if classes:
        lines += ["", f"{'kind':<8}{'cases':>6}  class, and a case of it"]
        for (kind, name), count in sorted(
            classes.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
        ):
            lines.append(f"{kind:<8}{count:>6}  {name}  [{first[kind, name]}]")
    return "\n".join(lines), bool(classes)
