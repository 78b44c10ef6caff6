"""Exit code, terminal, JSON, JUnit and HTML say the same of any verification, whatever its names are."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.findings.finding import Finding
from neurodeploy.report.html import to_html
from neurodeploy.report.json_report import to_json
from neurodeploy.report.junit import to_junit
from neurodeploy.report.terminal import text_of, verdict
from neurodeploy.verify.gates import Check, Status, broken, judge, skipped
from neurodeploy.verify.ladder import Rung
from neurodeploy.verify.statistics import PairedDrop
from neurodeploy.verify.verification import SetResult, Verification

NASTY = [
    "[red]x[/red]",
    "[bold",
    "\x1b[2J",
    "a\x00b",
    "\ud800",
    "<b>&\"'",
    "]]>",
    "\r\n",
    "\u202e",
    "\uffff",
    "a\tb",
]
names = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=12), st.text(alphabet="\x1b[]<>&\x07\x9b", max_size=8)
)
reasons = names.map(lambda text: f"because {text}")
numbers = st.one_of(
    st.floats(0, 100), st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.0, -0.0])
)
findings = st.builds(Finding, code=st.just("ND474"), message=names, where=names, found=names, help=names)


@st.composite
def checks(draw: st.DrawFn) -> Check:
    name, title, required = draw(names), draw(names), draw(st.booleans())
    backend = draw(st.sampled_from(["", "lava"]))
    kind = draw(st.sampled_from(["judged", "skipped", "broken"]))
    if kind == "skipped":
        return skipped(name, title, draw(reasons), required=required, backend=backend)
    problems = draw(st.lists(findings, max_size=2))
    if kind == "broken":
        return broken(name, title, problems, required=required, backend="lava")
    first = {
        "population": draw(names), "neuron": 0, "step": 0, "sample": 0, "expected": draw(numbers),
        "actual": draw(numbers), "text": draw(names), "diagnosis": draw(names), "quantity": "v",
    }  # fmt: skip
    facts = {"populations": {draw(names): {"compared": 5, "spikes": 1}}, "x": draw(numbers)}
    return judge(
        name,
        title,
        n_compared=draw(st.integers(0, 3)),
        problems=problems,
        agreed=draw(reasons),
        gated=draw(st.booleans()),
        required=required,
        backend=backend,
        facts=facts | ({"first_divergence": first} if draw(st.booleans()) else {}),
        notes=draw(st.lists(findings, max_size=1)),
    )


@st.composite
def sets(draw: st.DrawFn) -> SetResult:
    populations = draw(st.lists(names, min_size=1, max_size=7, unique=True))

    def rung(title: str) -> Rung:
        percents = {p: draw(numbers) for p in populations}
        return Rung(
            key="k", title=title, n_samples=3, accuracy=draw(st.none() | numbers), agreement=draw(numbers),
            mismatch=percents, spikes=dict.fromkeys(populations, 4), not_shared=percents,
            decisions=np.zeros(3, np.int64),
        )  # fmt: skip

    drop = PairedDrop(
        before=draw(numbers), after=draw(numbers), drop=draw(numbers), standard_error=float("nan"),
        low=draw(numbers), high=draw(numbers), confidence=0.95, n_samples=3, n_decisions=3,
    )  # fmt: skip
    return SetResult(
        name=draw(names), n_samples=3, n_available=3, rungs=(rung("float"), rung("integers")),
        drop=draw(st.none() | st.just(drop)), chance=draw(st.none() | numbers), n_decisions=3,
    )  # fmt: skip


verifications = st.builds(
    Verification,
    bundle=names.map(lambda name: f"/nowhere/{name}"),
    name=names,
    target=names,
    dt_s=st.just(0.001),
    checks=st.lists(checks(), max_size=5).map(tuple),
    sets=st.lists(sets(), max_size=2, unique_by=lambda result: result.name).map(tuple),
    versions=st.dictionaries(names, names, max_size=2),
)


class Page(HTMLParser):
    """Which texts stand in which element, by class."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: list[str] = []
        self.statuses: list[str] = []
        self.verdict_is_ok = False

    def handle_starttag(self, tag, attrs):
        kind = dict(attrs).get("class") or ""
        if tag == "td" and kind in {status.value for status in Status}:
            self.statuses.append(kind)
        if tag == "p" and kind.startswith("verdict"):
            self.verdict_is_ok = "ok" in kind.split()


@pytest.mark.slow
@settings(max_examples=60)
@given(verification=verifications)
def test_no_report_says_something_else_than_the_exit_code(verification: Verification) -> None:
    code = verification.exit_code
    content = json.loads(to_json(verification), parse_constant=lambda text: 1 / 0)
    assert content["exit_code"] == code and content["schema"] == "neurodeploy/verify/1"
    statuses = [check.status.value for check in verification.checks]
    assert [check["status"] for check in content["checks"]] == statuses

    suite = ET.fromstring(to_junit(verification)).find("testsuite")
    cases = suite.findall("testcase")
    kinds = [child.tag for case in cases for child in case]
    for tag in ("failure", "error", "skipped"):
        key = {"failure": "failures", "error": "errors"}.get(tag, tag)
        assert int(suite.get(key)) == kinds.count(tag)
    assert (kinds.count("failure") + kinds.count("error") > 0) == (code != 0)
    assert int(suite.get("tests")) == len(cases) == max(1, len(statuses))
    measured = [case.get("name").endswith(" (measured)") for case in cases if verification.checks]
    assert measured == [status == "measured" for status in statuses]

    page = Page()
    text = to_html(verification)
    page.feed(text)
    assert page.statuses == statuses and page.verdict_is_ok == (code == 0)
    assert f"(exit code {code})" in text and text.encode("utf-8")

    told = text_of(verification, width=80)
    assert told.encode("utf-8") and not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", told)
    assert re.sub(r"\s+", "", verdict(verification)) in re.sub(r"\s+", "", told)


@settings(max_examples=60)
@given(verification=verifications)
def test_passed_is_said_only_where_every_required_check_passed(verification: Verification) -> None:
    said = verdict(verification).partition(";")[0].partition(" (exit")[0]
    if "every required check ran and passed" in said:
        assert verification.checks
        for check in verification.checks:
            assert check.status is Status.PASSED or (check.status is Status.SKIPPED and not check.required)
    for status, words in ((Status.MEASURED, "only measured: "), (Status.SKIPPED, "skipped: ")):
        there = any(check.status is status for check in verification.checks)
        assert there <= (words in verdict(verification))
