"""Read the package's source for the rules that are about the tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import neurodeploy

ROOT = Path(__file__).parents[2]
PACKAGE = Path(neurodeploy.__file__).parent


@dataclass(frozen=True)
class Source:
    """One module.

    Attributes
    ----------
    name
        Its path in the package, with slashes: ``graph/model.py``.
    """

    name: str
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        """The folder that it stands in, ``.`` for the package's own."""
        return str(Path(self.name).parent)

    @property
    def stem(self) -> str:
        """Its file name without ``.py``."""
        return Path(self.name).stem

    def within(self, *places: str) -> bool:
        """Say whether it is one of the files, or below one of the folders (with a slash at the end)."""
        return any(
            self.name == place or (place.endswith("/") and self.name.startswith(place)) for place in places
        )


@lru_cache(maxsize=2)
def sources(package: Path = PACKAGE) -> tuple[Source, ...]:
    """Give every module of a package, by name."""
    found = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Source(path.relative_to(package).as_posix(), text, ast.parse(text)))
    return tuple(found)


def imports(source: Source) -> Iterator[str]:
    """Give the full name of every module that is imported, at the top, later or for types alone."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{source.name}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def docstrings(tree: ast.AST) -> set[int]:
    """Give the ids of all string nodes that only document: docstrings, also those below an assignment."""
    found = set()
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if not isinstance(node, (ast.Lambda, ast.IfExp)) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                found.add(id(statement.value))
    return found


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Give every string literal that is not a docstring."""
    documents = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node


def functions(source: Source) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Give every function and method with its qualified name."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{prefix}{child.name}", child
                yield from walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.")
            else:
                yield from walk(child, prefix)

    yield from walk(source.tree, "")
