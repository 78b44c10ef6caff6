"""Rule 5: every public function of ops/ and of a target's simulate/ has a twin in naive.py to be read.

Public is what another room imports. The twin has the same name and the same parameters (names, order, kinds,
defaults), so that a test, and a reader, can put one for the other. That the two agree, in every bit or within
a reasoned tolerance, is shown in tests/property and tests/parity; here, that there is one to compare with.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping

from sources import Source, imports, sources

ROOM = re.compile(r"(ops/\w+|targets/\w+/simulate)/\w+\.py")
NO_ARITHMETIC = {
    "ops/spectral: plan_for": "remembers a plan",
}
"""Public functions with nothing to compute twice, and why."""


def rooms(all_sources: tuple[Source, ...]) -> Mapping[str, list[Source]]:
    """Give the modules of every room with fast code."""
    found: dict[str, list[Source]] = {}
    for source in all_sources:
        if place := ROOM.fullmatch(source.name):
            found.setdefault(place[1], []).append(source)
    return found


def signature(node: ast.FunctionDef) -> str:
    """Give the parameters without their annotations."""
    arguments = copy.deepcopy(node.args)
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(arguments)


def without_a_twin(all_sources: tuple[Source, ...]) -> Iterator[str]:
    """Yield public functions that naive.py does not define, or with other parameters."""
    for room, modules in sorted(rooms(all_sources).items()):
        dotted = "neurodeploy." + room.replace("/", ".")
        wanted = {
            name.rpartition(".")[2]
            for source in all_sources
            if not source.name.startswith(f"{room}/")
            for name in imports(source)
            if name.startswith(f"{dotted}.")
        }
        defined = {
            node.name: node
            for source in modules
            if source.stem != "naive"
            for node in source.tree.body
            if isinstance(node, ast.FunctionDef) and node.name in wanted
        }
        twins = {
            node.name: node
            for source in modules
            if source.stem == "naive"
            for node in source.tree.body
            if isinstance(node, ast.FunctionDef)
        }
        for name, node in sorted(defined.items()):
            if name not in twins:
                yield f"{room}: {name} has none"
            elif signature(twins[name]) != signature(node):
                yield f"{room}: {name} is called another way"


def test_every_public_fast_function_has_a_twin_to_read(hold):
    found = set(without_a_twin(sources()))
    plain = {line.removesuffix(" has none") for line in found}
    assert plain >= NO_ARITHMETIC.keys(), "an exception that is no longer needed"
    hold("twins", (line for line in found if line.removesuffix(" has none") not in NO_ARITHMETIC))


def test_a_missing_or_a_different_twin_is_seen(package):
    made = package(
        {
            "ops/scan/scans.py": "def lif(x: int, *, dt: float = 1): ...\ndef li(x): ...\n"
            "def box(x): ...\ndef inner(): ...\n",
            "ops/scan/naive.py": "def lif(x: str, *, dt: float = 1): ...\ndef box(x, y): ...\n",
            "targets/toy/simulate/fast.py": "def simulate(program): ...\n",
            "targets/toy/simulate/naive.py": "def simulate(program): ...\n",
            "training/model.py": "from neurodeploy.ops.scan.scans import lif, li, box\n",
            "verify.py": "from neurodeploy.targets.toy.simulate.fast import simulate\n",
        }
    )
    assert list(without_a_twin(sources(made))) == [
        "ops/scan: box is called another way",
        "ops/scan: li has none",
    ]
