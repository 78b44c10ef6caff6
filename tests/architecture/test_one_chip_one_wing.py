"""Rule 2: what is Loihi's stands below targets/loihi/ alone: its words, and the numbers of its registers.

Words count in identifiers, in the names of imported modules and in string literals. Not counted is prose:
docstrings, comments, texts of ``help=``, and sentences in ``commands/``. Exempt, and why:

* ``findings/``: every code of the house stands in one place, those of a chip included;
* ``commands/``, ``cli.py``: what people type: ``neurodeploy lava``, ``verify --lava 4``, the default target;
* ``extras.py``: the extra ``lava`` likewise.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterator

from sources import Source, docstrings, sources

WORDS = frozenset({"dv", "du", "vth", "netx", "lava", "loihi"})
NUMBERS = frozenset({4095, 4096, 131071, 8388607})
WING = "targets/loihi/"
EXEMPT = ("findings/", "commands/", "cli.py", "extras.py")
OTHERS_MEANING = {
    "ops/scan/autograd.py: 4096": "columns in a block",
    "ops/scan/loops.py: du": "a gradient, that of u",
    "targets/registry.py: loihi": "the default of an option, in one place",
    "quantise/rounding.py: 4096": "columns in a block",
}
"""The same word or number, and another thing."""
_OPERATIONS = {
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.Sub: operator.sub,
    ast.Add: operator.add,
    ast.Mult: operator.mul,
}


def words_in(text: str) -> set[str]:
    """Give the chip's words in an identifier or a text: ``LOIHI_LIMITS``, ``LoihiTarget``, ``loihi2``."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)
    return {part.lower() for part in parts} & WORDS


def identifiers(node: ast.AST) -> Iterator[str]:
    """Give the names that a node makes or uses."""
    for field in ("id", "attr", "arg", "name", "asname", "module"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def value_of(node: ast.AST) -> int | None:
    """Give the whole number of a literal, or of an expression of literals such as ``2**12 - 1``."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = value_of(node.left), value_of(node.right)
        small = isinstance(node.op, (ast.Sub, ast.Add, ast.Mult)) or (right is not None and 0 <= right < 64)
        if left is not None and right is not None and small:
            return int(_OPERATIONS[type(node.op)](left, right))
    return None


def prose(source: Source) -> set[int]:
    """Give the ids of string nodes that only people read."""
    found = docstrings(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.keyword) and node.arg == "help":
            found |= {id(part) for part in ast.walk(node.value)}
        if source.within("commands/") and isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {id(node)} if " " in node.value else set()
    return found


def leaked(all_sources: tuple[Source, ...]) -> Iterator[str]:
    """Yield file and word, or file and number, for what stands outside the wing."""
    for source in all_sources:
        if source.within(WING, *EXEMPT):
            continue
        skipped, found = prose(source), set()
        for node in ast.walk(source.tree):
            if id(node) in skipped:
                continue
            for name in identifiers(node):
                found |= words_in(name)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= words_in(node.value)
            if (number := value_of(node)) in NUMBERS:
                found.add(str(number))
        yield from (f"{source.name}: {word}" for word in sorted(found))


def test_words_and_numbers_of_loihi_stand_in_its_wing(hold):
    found = set(leaked(sources()))
    assert found >= OTHERS_MEANING.keys(), "an exception that is no longer needed"
    hold("one_wing", found - OTHERS_MEANING.keys())


def test_leaks_are_seen_in_every_form(package):
    made = package(
        {
            "a.py": '"""Loihi in prose."""\nx = 1  # lava\n',
            "b.py": "def scale(dv): return dv\n",
            "c.py": "class LoihiRules: ...\n",
            "d.py": "import neurodeploy.targets.loihi.rules\n",
            "e.py": "x = {'vth': 1}\n",
            "f.py": "x = 2**12 - 1\ny = (1 << 23) - 1\n",
            "g.py": "x = f(help='then run `neurodeploy lava install`')\n",
            "h.py": "DEFAULT = 'loihi2'\n",
            "i.py": "individual = duration = slava = 1\nNETX_LIMIT = 4097\n",
            "commands/lava.py": "lava = 1\n",
            "commands/run.py": "y = 'lava'\n",
            "targets/loihi/chip.py": "dv = 4096\n",
            "targets/limits.py": "def f():\n    return 131_071\n",
        }
    )
    assert list(leaked(sources(made))) == [
        "b.py: dv",
        "c.py: loihi",
        "d.py: loihi",
        "e.py: vth",
        "f.py: 4095",
        "f.py: 4096",
        "f.py: 8388607",
        "h.py: loihi",
        "i.py: netx",
        "targets/limits.py: 131071",
    ]
