"""A verification as one self-contained HTML file: styles and charts inside, nothing fetched."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from neurodeploy.bundle.golden import load_golden
from neurodeploy.bundle.layout import GOLDEN
from neurodeploy.files.json_ready import rounded
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.findings.printable import printable
from neurodeploy.graph.model import INPUT
from neurodeploy.report.charts import dots, raster
from neurodeploy.report.terminal import verdict
from neurodeploy.verify.verification import SetResult, Verification

TEMPLATE = Path(__file__).with_name("report.html.j2")


def to_html(verification: Verification) -> str:
    """Give the report as an HTML document; every text from the bundle is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return (
            printable(value, lines=True)
            if isinstance(value, str) and not hasattr(value, "__html__")
            else value
        )

    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=shown
    ).from_string(TEMPLATE.read_text(encoding="utf-8"))
    sets = [
        {
            "result": result,
            "rungs": [rung.to_dict() for rung in result.rungs],
            "populations": list(result.mismatch),
            "chart": Markup(ladder_chart(result)),  # our own SVG, its texts are escaped
        }
        for result in verification.sets
    ]
    divergences = [
        (check, check.facts["first_divergence"])
        for check in verification.checks
        if check.facts.get("first_divergence")
    ]
    on_golden = [first for check, first in divergences if check.name != "P3"]  # P3 has samples of its own
    drawn = golden_raster(verification, on_golden[0] if on_golden else None)
    return template.render(
        verification=verification,
        verdict=verdict(verification),
        number=number,
        sets=sets,
        divergences=divergences,
        compared=[check for check in verification.checks if check.facts.get("populations")],
        findings=[finding for check in verification.checks for finding in check.findings],
        raster=Markup(drawn),
    )


def number(form: str, x: float | None) -> str:
    """Write a number; a dash where there is none or it is not finite."""
    return "-" if x is None or not math.isfinite(x) else form % x


def ladder_chart(result: SetResult) -> str:
    """Draw accuracy by rung; without labels, the mean spike mismatch by rung."""
    labels = [rung.title for rung in result.rungs]
    accuracies = [x for x in (rounded(rung.accuracy) for rung in result.rungs) if x is not None]
    if len(accuracies) == len(labels):
        # From a little below the worst, so that a fraction of a percent can be seen.
        low = max(0.0, float(int(min(accuracies) - 5)))
        return dots(labels, accuracies, title=f"Accuracy by rung on {result.name}", unit="%", low=low)
    means = [
        rounded(sum(rung.mismatch.values()) / max(1, len(rung.mismatch))) or 0.0 for rung in result.rungs
    ]
    return dots(labels, means, title=f"Spikes that differ from float by rung on {result.name}", unit="%")


def golden_raster(verification: Verification, mark: dict[str, Any] | None) -> str:
    """Draw the integers' spikes on a golden sample: that of the first difference, where there is one."""
    try:
        golden = load_golden(Path(verification.bundle) / GOLDEN)
    except NeurodeployError:  # it was there when it was verified; a report without it is still a report
        return ""
    sample = 0 if mark is None else int(mark["sample"])
    if sample >= len(golden):
        return ""
    rows = {INPUT: golden.spikes[sample]}
    for name, trace in golden.fixed.populations.items():
        if trace.spikes.any():
            rows[name] = trace.spikes[sample]
    return raster(rows, title=f"Spikes of golden sample {sample}", mark=mark)
