"""Rule 3: a folder has at most 12 files, a file about 300 lines, a function about 75."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from sources import Source, functions, sources

FILES, LINES, FUNCTION = 12, 330, 82
"""The rule says about 300 and about 75 lines: beyond a tenth more, a file or a function has two jobs."""
ONE_EACH = ("commands",)
"""Folders with a file for each of something: as many as there are commands."""


def lines_of_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count them: what is said of a function does not make it long, nor do the options declared above it."""
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def too_large(all_sources: tuple[Source, ...]) -> Iterator[str]:
    """Yield folders, files and functions that are too large; ``__init__`` and ``__main__`` do not count."""
    counts = Counter(source.folder for source in all_sources if not source.stem.startswith("__"))
    for folder, n in sorted(counts.items()):
        if n > FILES and folder not in ONE_EACH:
            yield f"{folder}/ ({n} files)"
    for source in all_sources:
        if len(source.text.splitlines()) > LINES:
            yield f"{source.name} ({len(source.text.splitlines())} lines)"
        for name, node in functions(source):
            length = (node.end_lineno or node.lineno) - node.lineno + 1 - lines_of_docstring(node)
            if length > FUNCTION:
                yield f"{source.name}: {name} ({length} lines)"


def test_folders_files_and_functions_are_small(hold):
    hold("sizes", too_large(sources()))


def test_what_is_too_large_is_named(package):
    made = package(
        {f"full/m{i}.py": "" for i in range(FILES + 1)}
        | {f"commands/m{i}.py": "" for i in range(FILES + 1)}
        | {f"right/m{i}.py": "" for i in range(FILES)}
        | {"right/__init__.py": ""}
        | {"long.py": "x = 1\n" * (LINES + 1), "edge.py": "x = 1\n" * LINES}
        | {"function.py": "class A:\n    def f(self):\n" + "        x = 1\n" * FUNCTION}
        | {"short.py": "def f():\n" + "    x = 1\n" * (FUNCTION - 1)}
    )
    assert list(too_large(sources(made))) == [
        "full/ (13 files)",
        "function.py: A.f (83 lines)",
        "long.py (331 lines)",
    ]
