"""The same facts as text, JSON, JUnit and HTML; what did not run is listed in each of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from neurodeploy.findings.finding import Finding
from neurodeploy.report.charts import dots, raster
from neurodeploy.report.html import to_html
from neurodeploy.report.json_report import to_json
from neurodeploy.report.junit import to_junit
from neurodeploy.report.terminal import findings_text, print_text, print_verification, text_of
from neurodeploy.verify.gates import judge, skipped
from neurodeploy.verify.ladder import Rung
from neurodeploy.verify.statistics import PairedDrop
from neurodeploy.verify.verification import SetResult, Verification


def rung(key: str, title: str, accuracy: float | None, mismatch: float) -> Rung:
    return Rung(
        key=key,
        title=title,
        n_samples=200,
        accuracy=accuracy,
        agreement=100.0 - 10 * mismatch,
        mismatch={"hidden1": mismatch, "hidden2": 2 * mismatch},
        spikes={"hidden1": 2560, "hidden2": 1280},
        not_shared={"hidden1": 10 * mismatch, "hidden2": 20 * mismatch},
        decisions=None,
    )


def made_up(*, name: str = "two-layers", good: bool = False, labels: bool = True) -> Verification:
    """Make up a verification for its form: P1 equal, a check skipped, P3 wrong or skipped."""
    counts = {"hidden1": {"compared": 25600, "v": 0, "spikes": 0}}
    first = {
        "quantity": "v", "population": "hidden1", "neuron": 3, "step": 12, "sample": 0,
        "expected": 187.0, "actual": 188.0,
        "diagnosis": "they differ by one unit",
        "text": "v of neuron 3 of hidden1 at step 12 of sample 0: expected 187, got 188",
    }  # fmt: skip
    wrong = Finding(
        code="ND474",
        message="Lava does not compute what the integers compute",
        where="hidden1, neuron 3, step 12, sample 0",
        found=first["text"],
        limit="equal",
        help=f"The data show: {first['diagnosis']}.",
    )
    checks = [
        judge("hashes", "content = sha256 in the manifest", n_compared=5, problems=(), agreed="5 files"),
        judge(
            "P1",
            "trained network = NIR file, float64",
            n_compared=8,
            problems=(),
            agreed="spikes equal, v within 1e-09 * max(1, |v|), 8 samples",
            facts={"populations": counts},
        ),
        judge(
            "P2",
            "float = integers, accuracy",
            n_compared=200,
            problems=(),
            agreed="no limit was asked for (--max-drop); samples: 200 of 450 of validation",
            gated=False,
        ),
        skipped("twins", "fast simulator = reference", "left out here, to show a check that was skipped"),
    ]
    if good:
        checks.append(skipped("P3", "integers = Lava, bit for bit", "Lava is not ready", backend="lava"))
    else:
        checks.append(
            judge(
                "P3",
                "integers = Lava, bit for bit",
                n_compared=2,
                problems=[wrong],
                agreed="",
                backend="lava",
                facts={
                    "populations": {"hidden1": counts["hidden1"] | {"v": 1}},
                    "first_divergence": first,
                },
            )
        )
    drop = PairedDrop(
        before=95.5, after=94.0, drop=1.5, standard_error=1.06, low=-0.91, high=3.88, confidence=0.95,
        n_samples=200, n_decisions=200,
    )  # fmt: skip
    return Verification(
        bundle="runs/two-layers-bundle",
        name=name,
        target="loihi2",
        dt_s=0.01,
        checks=tuple(checks),
        sets=(
            SetResult(
                name="validation",
                n_samples=200,
                n_available=450,
                rungs=(
                    rung("float", "float, as trained", 95.5 if labels else None, 0.0),
                    rung("weights", "8-bit weights", 94.5 if labels else None, 0.25),
                    rung("integers", "integer arithmetic", 94.0 if labels else None, 0.5),
                ),
                drop=drop if labels else None,
                chance=50.5 if labels else None,
                n_decisions=200,
            ),
        ),
        versions={"neurodeploy": "0.1.0"},
    )


def test_terminal_report_of_a_failure(golden):
    golden.check(text_of(made_up()))


def test_terminal_report_of_a_pass_without_labels(golden):
    golden.check(text_of(made_up(good=True, labels=False)))


def many_populations(n: int = 6, prefix: str = "hidden") -> Verification:
    """Make up a verification of a deep network: more columns than a terminal of 80 has room for."""
    names = [f"{prefix}{i + 1}" for i in range(n)]
    base = made_up(good=True)
    (measured,) = base.sets
    rungs = tuple(
        replace(
            rung,
            mismatch={name: 0.125 * k * (i + 1) for i, name in enumerate(names)},
            spikes=dict.fromkeys(names, 1000),
            not_shared=dict.fromkeys(names, 1.0),
        )
        for k, rung in enumerate(measured.rungs)
    )
    counts = {name: {"compared": 1_234_567_890, "v": 0, "spikes": 12_345} for name in names}
    checks = tuple(
        replace(check, facts={"populations": counts}) if check.name == "P1" else check
        for check in base.checks
    )
    return replace(base, sets=(replace(measured, rungs=rungs),), checks=checks)


def test_terminal_report_of_six_populations_at_80_columns(golden):
    golden.check(text_of(many_populations(), width=80))


@pytest.mark.parametrize("width", [40, 50, 60, 80, 100, 110, 200])
@pytest.mark.parametrize("prefix", ["hidden", "a_population_with_a_name_that_is_longer_than_a_terminal_"])
def test_no_width_cuts_a_number(width, prefix):
    verification = many_populations(prefix=prefix)
    text = text_of(verification, width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text
    (measured,) = verification.sets
    wanted = [f"{x:.3f}" for rung in measured.rungs for x in rung.mismatch.values()]
    wanted += ["95.50", "94.00", "+1.50 ± 1.06", "-0.91 to +3.88", "200 of 450", "1,234,567,890", "12,345"]
    for number in wanted:
        assert text.count(number) >= wanted.count(number), number


@pytest.mark.parametrize("name", ["[red]net[/red]", "[bold]", "net[0]", "[/]"])
def test_names_in_square_brackets_do_not_vanish(name):
    for text in (text_of(made_up(name=name)), text_of(many_populations(2, prefix=name), width=200)):
        assert name in text


def test_names_cannot_steer_a_terminal(capsys):
    name = "a\x1b[2Jb\x07\u202e"
    text = text_of(made_up(name=name)) + text_of(many_populations(2, prefix=name), width=200)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text) and "a\\x1b[2Jb\\x07" in text
    print_text(findings_text([Finding(code="ND001", message="m", where=name)]), err=True)
    assert "a\\x1b[2Jb" in capsys.readouterr().err


def test_on_a_pipe_a_check_and_a_finding_are_one_line_a_row(capsys):
    verification = made_up()
    *others, last = verification.checks
    places = ", ".join(f"neuron {number}" for number in range(100))
    wrong = replace(last.findings[0], where=f"hidden1, {places}", found=f"v of {places}")
    checks = (*others, replace(last, reason=places, findings=(wrong,)))
    print_verification(replace(verification, checks=checks), colour=False)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith(" P3 ") and line.endswith(places) for line in lines)
    assert f"  --> hidden1, {places}" in lines and f"   |  found  v of {places}" in lines
    assert max(map(len, lines)) < 1500, "the table is as wide as its rows, not as the pipe"


def test_a_bundle_that_was_only_measured_is_not_called_passed():
    for text in (text_of(made_up(good=True)), to_html(made_up(good=True))):
        assert "every required check ran and passed" not in text
        assert "every check with a limit passed; only measured: P2" in text
    names = [case.get("name") for case in ET.fromstring(to_junit(made_up(good=True))).iter("testcase")]
    assert "P2: float = integers, accuracy (measured)" in names


def test_numbers_that_are_not_finite_are_null_in_json():
    verification = made_up()
    facts = {"first_divergence": {"expected": float("nan"), "actual": np.float64("inf"), "n": np.int64(3)}}
    checks = (replace(verification.checks[0], facts=facts), *verification.checks[1:])
    content = json.loads(to_json(replace(verification, checks=checks)), parse_constant=lambda text: 1 / 0)
    assert content["checks"][0]["facts"]["first_divergence"] == {"expected": None, "actual": None, "n": 3}


def test_the_terminal_report_has_no_control_characters():
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text_of(made_up()))


def test_json_says_what_the_exit_code_says():
    for good, code in ((True, 0), (False, 1)):
        content = json.loads(to_json(made_up(good=good)))
        assert content["exit_code"] == code
        assert [check["name"] for check in content["checks"]] == ["hashes", "P1", "P2", "twins", "P3"]
        assert {check["status"] for check in content["checks"]} <= {"passed", "measured", "failed", "skipped"}
        assert all(check["reason"] for check in content["checks"])
        assert content["sets"]["validation"]["drop"]["drop_percentage_points"] == 1.5


def test_junit_has_a_case_for_each_check_and_counts_them():
    suite = ET.fromstring(to_junit(made_up())).find("testsuite")
    assert suite is not None
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["5", "1", "0", "1"]
    assert "got 188" in suite.find("testcase/failure").text
    assert suite.find("testcase/skipped").get("message").startswith("left out here")


def test_junit_shows_a_required_check_that_did_not_run_as_an_error():
    missing = skipped("P3", "title", "Lava is not ready", required=True, backend="lava")
    verification = made_up(good=True)
    changed = Verification(
        **{
            name: getattr(verification, name)
            for name in ("bundle", "name", "target", "dt_s", "sets", "versions")
        },
        checks=(*verification.checks[:-1], missing),
    )
    assert changed.exit_code == 4
    suite = ET.fromstring(to_junit(changed)).find("testsuite")
    assert (suite.get("errors"), suite.get("skipped")) == ("1", "1")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[tuple[str, str]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [(tag, value) for key, value in attrs if key in ("src", "href", "srcset", "data")]
        if tag not in ("meta", "br", "link", "img", "rect", "path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("rect", "path", "circle"):
            assert self.open.pop() == tag


@pytest.mark.parametrize("good", [True, False])
def test_the_html_report_is_well_formed_and_fetches_nothing(good):
    page = _Page()
    text = to_html(made_up(good=good))
    page.feed(text)
    assert page.open == [] and page.fetched == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "prefers-color-scheme: dark" in text and 'lang="en"' in text and "@import" not in text


def test_the_html_report_says_what_failed_and_where():
    text = to_html(made_up())
    assert "ND474" in text and "v of neuron 3 of hidden1 at step 12 of sample 0" in text
    assert "exit code 1" in text and "a gate failed" in text


def test_text_from_a_bundle_cannot_become_markup():
    text = to_html(made_up(name="<script>alert(1)</script>"))
    assert "<script>" not in text and "&lt;script&gt;" in text


def test_charts_are_xml_with_a_title_and_escaped_labels():
    for chart in (
        dots(["a < b", "c"], [95.0, 96.0], title="x & y", unit="%", low=90.0),
        raster({"input": np.eye(5, dtype=np.uint8)}, title="t"),
    ):
        root = ET.fromstring(chart)
        assert root.get("role") == "img"
        assert root.find("{http://www.w3.org/2000/svg}title") is not None


def test_a_raster_draws_every_spike_and_marks_a_difference():
    spikes = (np.random.default_rng(0).random((20, 7)) < 0.3).astype(np.uint8)
    chart = raster({"p": spikes}, title="t", mark={"population": "p", "neuron": 2, "step": 4})
    assert chart.count("M") == spikes.sum() and chart.count("<circle") == 1


def test_a_raster_that_is_cut_says_so(monkeypatch):
    monkeypatch.setattr("neurodeploy.report.charts.MAX_MARKS", 10)
    chart = raster({"p": np.ones((20, 7), np.uint8)}, title="t")
    assert chart.count("M") == 10 and "130 later spikes not drawn" in chart


def test_an_axis_that_does_not_start_at_zero_says_where_it_starts():
    assert "90 %" in dots(["a"], [95.0], title="t", unit="%", low=90.0)
