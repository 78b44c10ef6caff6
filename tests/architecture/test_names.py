"""Files and public classes have names of their own; file names of runs and bundles stand in one file each."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from sources import Source, sources, strings

CAST = frozenset({"__init__", "__main__", "naive", "fast", "autograd", "loops", "target", "run", "neurons"})
"""Names with one meaning in every folder that has them; ``neurons`` is a room's table of neuron models."""
ODD = frozenset({"utils", "helpers", "common", "misc"})


def named_twice(all_sources: tuple[Source, ...]) -> Iterator[str]:
    """Yield file names and public classes that stand in several places.

    ``commands/`` is not counted among the files: each is named after its command, which is often the word for
    what it does, as ``commands/export.py`` and ``export.py``.
    """
    files, classes = defaultdict(list), defaultdict(list)
    for source in all_sources:
        if source.stem not in CAST and not source.within("commands/"):
            files[source.stem].append(source.name)
        for node in source.tree.body:
            if source.within(ANOTHER_INTERPRETER):
                continue
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].append(source.name)
    for kind, found in (("file", files), ("class", classes)):
        for name, places in sorted(found.items()):
            if len(places) > 1:
                yield f"{kind} {name} ({', '.join(places)})"


def test_files_and_public_classes_have_names_of_their_own(hold):
    hold("names", named_twice(sources()))


def test_a_name_that_stands_twice_is_seen(package):
    made = package(
        {
            "graph/rules.py": "class Trace: ...\nclass _Own: ...\n",
            "targets/rules.py": "class _Own: ...\n",
            "traces.py": "class Trace: ...\n",
            "export.py": "",
            "commands/export.py": "",
            "ops/scan/naive.py": "",
            "ops/delays/naive.py": "",
        }
    )
    assert list(named_twice(sources(made))) == [
        "file rules (graph/rules.py, targets/rules.py)",
        "class Trace (graph/rules.py, traces.py)",
    ]


def test_no_module_is_named_for_odds_and_ends():
    assert not [source.name for source in sources() if source.stem in ODD]


FILE_NAMES: Mapping[str, int] = {
    "recipe.toml": 1,
    "metrics.jsonl": 1,
    "model.safetensors": 1,
    "result.json": 1,
    "state.json": 1,
    "samples.npz": 2,
    "manifest.json": 1,
    "model.nir": 1,
    "program.h5": 1,
    "network.net": 1,
    "golden.npz": 1,
}
"""Files of runs and bundles, and how many modules may write the name out: a run and a bundle have samples."""
HOMES = ("runs/folder.py", "bundle/layout.py")
ANOTHER_INTERPRETER = "targets/loihi/lava/runner.py"
"""Runs in Lava's environment and can import nothing of ours."""


def repeated(all_sources: tuple[Source, ...]) -> Iterator[str]:
    """Yield names of files that are literals in too many modules: one should define, the others import."""
    found = defaultdict(set)
    for source in all_sources:
        if source.within(ANOTHER_INTERPRETER):
            continue
        for node in strings(source.tree):
            name = PurePath(node.value).name if " " not in node.value else ""
            if name in FILE_NAMES:
                found[name].add(source.name)
    for name, places in sorted(found.items()):
        if len(places) > FILE_NAMES[name]:
            yield f"{name} ({', '.join(sorted(places))})"


def test_every_file_of_a_run_and_of_a_bundle_is_on_the_list():
    defined = {
        node.value
        for source in sources()
        if source.within(*HOMES)
        for node in strings(source.tree)
        if re.fullmatch(r"[a-z_]+\.[a-z0-9]+", node.value)
    }
    assert defined and defined <= FILE_NAMES.keys()


def test_the_name_of_a_runs_or_bundles_file_is_a_literal_in_one_module(hold):
    hold("file_names", repeated(sources()))


def test_a_file_name_written_out_again_is_seen(package):
    made = package(
        {
            "bundle/layout.py": 'PROGRAM = "program.h5"\n',
            "verify/verify.py": 'path = folder / "program.h5"\n',
            "export.py": '"""Writes program.h5."""\nhelp = "program.h5 was changed"\n',
        }
    )
    assert list(repeated(sources(made))) == ["program.h5 (bundle/layout.py, verify/verify.py)"]
