"""The page of the matrix, as Markdown."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import neurodeploy as nd
from benchmarks.conformance.environments import FRAMEWORKS, NOT_HERE, Framework
from benchmarks.conformance.inward import Cell

WORDS = {
    "equal": "**equal**",
    "read": "read",
    "shifted": "SHIFTED",
    "decisions": "OTHER SPIKES, decisions kept",
    "wrong": "SILENTLY WRONG",
    "silent": "no spikes: shows nothing",
    "refused": "refused",
    "not written": "not written",
}
SILENTLY = ("shifted", "decisions", "wrong")
"""What nobody is told of: the network computes something else."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was found of one framework.

    Attributes
    ----------
    framework, versions
        Who, with which packages.
    inward
        By case: what it is, read without and with the name of its writer.
    as_is, rewritten
        By network: our file as it is, and written for the framework.
    """

    framework: Framework
    versions: Mapping[str, str]
    inward: Mapping[str, tuple[str, Cell, Cell | None]]
    as_is: Mapping[str, Cell]
    rewritten: Mapping[str, Cell]

    def silently_wrong(self) -> Iterator[str]:
        """Name the cells in which numbers are wrong and nobody says so, where that is ours to prevent."""
        for case, (_, plain, told) in self.inward.items():
            for how, cell in (("", plain), (f" --dialect {self.framework.dialect}", told)):
                if cell is not None and cell.verdict in (*SILENTLY, "silent"):
                    yield f"{self.framework.name} {case}{how}: {cell.verdict}, {cell.detail}"
        for name, cell in self.rewritten.items():
            if cell.verdict in (*SILENTLY, "silent"):
                yield f"{name} --for {self.framework.name}: {cell.verdict}, {cell.detail}"


HEAD = """\
# Conformance: NIR from and for other frameworks

Made by `python -m benchmarks.conformance` with neurodeploy {version} on {date}. Each framework ran in an
environment of its own; every cell is decided by comparing spikes, at every step, of every population, against
the framework's own: twelve samples of 80 steps, inputs on which every population spikes.

* **equal**: not one spike differs, and the v of a readout within 1e-4 of its largest.
* refused: a finding or the framework's own error says why, and nothing is computed.
* not written: the framework's exporter fails on its own network.
* read: the file was read and nothing was compared, as nir itself computes nothing.
* SHIFTED, OTHER SPIKES, SILENTLY WRONG: accepted, and something else is computed.
"""


def page(results: list[Result], missing: Mapping[str, str]) -> str:
    """Give the page."""
    lines = [HEAD.format(version=nd.__version__, date=datetime.datetime.now(datetime.timezone.utc).date())]
    lines += ["| framework | run with |", "| --- | --- |"]
    for result in results:
        packages = ", ".join(f"{name} {version}" for name, version in result.versions.items())
        lines.append(f"| {result.framework.title} | {packages} |")
    lines += [f"| {FRAMEWORKS[name].title} | not run: {_cut(why)} |" for name, why in missing.items()]
    lines += [f"| {who} | {why} |" for who, why in NOT_HERE.items()]
    lines += ["", "## Inward: their files, read by neurodeploy", ""]
    lines += list(_summary(results))
    for result in results:
        if result.inward:
            lines += ["", f"### {result.framework.title}", "", *_inward(result)]
    lines += ["", "## Outward: our files, read by them", ""]
    lines += ["`model.nir` as it is in a bundle, in each framework's own step and convention:", ""]
    lines += list(_outward([(result.framework.title, result.as_is) for result in results]))
    lines += ["", "Written for the framework, `neurodeploy nir ... --for NAME`:", ""]
    lines += list(_outward([(result.framework.title, result.rewritten) for result in results]))
    lines += ["", "What was said where a file written for a framework was refused:", ""]
    for result in results:
        said: dict[str, list[str]] = {}
        for name, cell in result.rewritten.items():
            if cell.verdict == "refused":
                said.setdefault(cell.detail, []).append(name)
        lines += [f"* {', '.join(names)}: {detail}" for detail, names in said.items()]
    lines += ["", "Who reads a Delay, by what each answered to the network with delays as it is:", ""]
    lines += [
        f"* {result.framework.title}: {_told(result.as_is['delays'])}" for result in results if result.as_is
    ]
    return "\n".join(lines) + "\n"


def _summary(results: list[Result]) -> Iterator[str]:
    yield "| framework | files | equal | refused | not written | silently wrong |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for result in results:
        if not result.inward:
            continue
        for how, at in (("", 1), (f", `--dialect {result.framework.dialect}`", 2)):
            cells = [entry[at] for entry in result.inward.values() if entry[at] is not None]
            if not cells:
                continue
            counts = [
                sum(cell.verdict == verdict for cell in cells)
                for verdict in ("equal", "refused", "not written")
            ]
            numbers = " | ".join(map(str, [len(cells), *counts, len(cells) - sum(counts)]))
            yield f"| {result.framework.title}{how} | {numbers} |"


def _inward(result: Result) -> Iterator[str]:
    told = any(entry[2] is not None for entry in result.inward.values())
    head = ["network", "as the file stands", *([f"`--dialect {result.framework.dialect}`"] if told else [])]
    yield "| " + " | ".join(head) + " |"
    yield "| --- " * len(head) + "|"
    for case, (about, plain, with_name) in result.inward.items():
        cells = [about or case, _told(plain), *([_told(with_name)] if with_name is not None else [])]
        yield "| " + " | ".join(cells) + " |"


def _outward(rows: list[tuple[str, Mapping[str, Cell]]]) -> Iterator[str]:
    names = list(rows[0][1]) if rows else []
    yield "| | " + " | ".join(names) + " |"
    yield "| --- " * (len(names) + 1) + "|"
    for title, cells in rows:
        yield f"| {title} | " + " | ".join(WORDS[cells[name].verdict] for name in names) + " |"


def _told(cell: Cell) -> str:
    return f"{WORDS[cell.verdict]}{', ' if cell.detail else ''}{_cut(cell.detail)}"


def _cut(text: str) -> str:
    return text.replace("|", "/")
