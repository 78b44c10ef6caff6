"""Make the page of the conformance matrix: make the environments, run both directions, write what was found.

    python -m benchmarks.conformance                         everything; docs/results/conformance.md
    python -m benchmarks.conformance --only norse,snntorch   some frameworks; the page is not written
    python -m benchmarks.conformance --environments          only make the environments

Exits with 1 where a cell is silently wrong, with 4 where an environment could not be made.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.conformance.environments import FRAMEWORKS, call, make
from benchmarks.conformance.inward import Cell, read_back, takes_dialects
from benchmarks.conformance.our_networks import networks
from benchmarks.conformance.outward import read_by
from benchmarks.conformance.page import Result, page

PAGE = Path(__file__).parents[2] / "docs" / "results" / "conformance.md"


def result_of(name: str, folder: Path) -> Result:
    """Run one framework in both directions."""
    framework = FRAMEWORKS[name]
    graphs = networks()
    as_is = read_by(framework, graphs, folder / "as-is", rewritten=False)
    rewritten = read_by(framework, graphs, folder / "for", rewritten=True)
    written = folder / "written"
    written.mkdir(parents=True)
    answers = call(framework, "write", written)
    inward: dict[str, tuple[str, Cell, Cell | None]] = {}
    for case, answer in answers["cases"].items():
        path = written / f"{case}.nir"
        told = read_back(path, answer, framework.dialect) if takes_dialects() else None
        inward[case] = (answer.get("about", ""), read_back(path, answer, None), told)
    return Result(framework, answers["versions"], inward, as_is, rewritten)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformance")
    parser.add_argument("--only", help="names, separated by commas: " + ", ".join(FRAMEWORKS))
    parser.add_argument("--environments", action="store_true", help="only make the environments")
    parser.add_argument(
        "--out", type=Path, default=None, help="the page  [default: docs/results/conformance.md]"
    )
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(FRAMEWORKS)
    out = arguments.out or (None if arguments.only else PAGE)
    missing: dict[str, str] = {}
    results: list[Result] = []
    for k, name in enumerate(names):
        print(f"{name}: environment", file=sys.stderr)
        reason = make(FRAMEWORKS[name])
        if reason:
            missing[name] = reason
        elif not arguments.environments:
            with tempfile.TemporaryDirectory() as folder:
                print(f"{name}: running", file=sys.stderr)
                results.append(result_of(name, Path(folder)))
        if out is not None and not arguments.environments:  # the page so far, should a later one break off
            left = dict.fromkeys(names[k + 1 :], "the command was broken off before it")
            out.write_text(page(results, missing | left), encoding="utf-8")
    if out is None and not arguments.environments:
        print(page(results, missing))
    for name, reason in missing.items():
        print(f"{name}: no environment: {reason}", file=sys.stderr)
    wrong = [cell for result in results for cell in result.silently_wrong()]
    for line in wrong:
        print(f"silently wrong: {line}", file=sys.stderr)
    return 4 if missing else int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
