"""Make mutants of a module: every operation changed in turn, one at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
OPERATIONS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.FloorDiv: (ast.Mult,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.Mod: (ast.FloorDiv,),
}
CALLS = {"max": "min", "min": "max"}


@dataclass(frozen=True)
class Mutant:
    """One change: where, the text before and after, and the module's source with it."""

    function: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """What names the change, whatever its line: the changed statement's first line, and what it was."""
        return f"{self.function}: {self.before}  ==>  {self.after}"


def mutants(source: str, skip: frozenset[str] = frozenset(), *, names_only: bool = False) -> Iterator[Mutant]:
    """Iterate over every mutant of a module's functions, but those in ``skip``, and of its constants.

    With ``names_only`` the sources are left empty, which takes a tenth of the time.
    """
    tree = ast.parse(source)
    constants = ast.FunctionDef(name="module", body=[n for n in tree.body if isinstance(n, ast.Assign)])
    for function in (constants, *ast.walk(tree)):
        if not isinstance(function, ast.FunctionDef) or function.name in skip:
            continue
        for owner, field, index, statement in list(_places(function)):
            node = _get(owner, field, index)
            before = _first_line(node if node is statement else statement)
            for changed in _changes(node):
                _set(owner, field, index, changed)
                text = "" if names_only else ast.unparse(ast.fix_missing_locations(tree))
                after = _first_line(changed if node is statement else statement)
                _set(owner, field, index, node)
                yield Mutant(function.name, node.lineno, before, after, text)
        if function is not constants:
            yield from _swaps(tree, function, names_only=names_only)


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def _get(owner: ast.AST, field: str, index: int | None) -> ast.AST:
    value = getattr(owner, field)
    return value if index is None else value[index]


def _set(owner: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(owner, field, node)
    else:
        getattr(owner, field)[index] = node


Place = tuple[ast.AST, str, "int | None", ast.AST]
"""A node's parent, field and index, and the statement that holds it."""


def _places(function: ast.FunctionDef) -> Iterator[Place]:
    """Iterate over the places of a function's body that hold an expression or a statement."""
    queue: list[Place]
    if function.name == "module":  # the statements themselves stay: they belong to the module's own list
        queue = [(node, "value", None, node) for node in function.body]
    else:
        queue = [(function, "body", k, node) for k, node in enumerate(function.body)]
    while queue:
        owner, field, index, statement = queue.pop(0)
        node = _get(owner, field, index)
        if isinstance(node, ast.stmt):
            statement = node
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) or _is_docstring(node):
            continue
        yield owner, field, index, statement
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "ctx", "type_comment", "ops", "op"):
                continue
            if isinstance(value, ast.AST):
                queue.append((node, name, None, statement))
            elif isinstance(value, list):
                queue += [
                    (node, name, k, statement) for k, item in enumerate(value) if isinstance(item, ast.AST)
                ]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Iterate over the changed versions of one node."""
    if isinstance(node, ast.Compare):
        for k, operator in enumerate(node.ops):
            for other in COMPARISONS.get(type(operator), ()):
                changed = copy.deepcopy(node)
                changed.ops[k] = other()
                yield changed
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        for other in OPERATIONS.get(type(node.op), ()):
            changed = copy.deepcopy(node)
            changed.op = other()
            yield changed
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        for value in (node.value + 1, node.value - 1):
            yield ast.copy_location(ast.Constant(value), node)
    elif isinstance(node, ast.UnaryOp):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.BoolOp):
        changed = copy.deepcopy(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield changed
    elif isinstance(node, ast.IfExp):
        changed = copy.deepcopy(node)
        changed.body, changed.orelse = changed.orelse, changed.body
        yield changed
    elif isinstance(node, ast.If):
        changed = copy.deepcopy(node)
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield changed
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in CALLS:
            changed = copy.deepcopy(node)
            changed.func = ast.Name(CALLS[node.func.id], ast.Load())
            yield changed
        if node.func.id == "abs":
            yield copy.deepcopy(node.args[0])
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.Continue)):
        yield ast.copy_location(ast.Pass(), node)


def _swaps(tree: ast.Module, function: ast.FunctionDef, *, names_only: bool) -> Iterator[Mutant]:
    """Iterate over mutants with two neighbouring statements in the other order."""
    for owner in ast.walk(function):
        for field in ("body", "orelse"):
            body = getattr(owner, field, None)
            if not isinstance(body, list):
                continue
            for k in range(len(body) - 1):
                first, second = body[k], body[k + 1]
                if _is_docstring(first) or not _may_depend(first, second):
                    continue
                body[k], body[k + 1] = second, first
                text = "" if names_only else ast.unparse(tree)
                body[k], body[k + 1] = first, second
                before, after = _first_line(first), _first_line(second)
                yield Mutant(function.name, first.lineno, f"{before}; {after}", "swapped", text)


def _may_depend(first: ast.stmt, second: ast.stmt) -> bool:
    """Say whether one statement writes what the other uses, so that their order can matter."""
    return bool(_written(first) & _used(second) or _written(second) & _used(first))


def _path(node: ast.AST) -> str:
    """Give ``a.b`` for ``a.b[i][j]``: what a subscripted name belongs to."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return ast.unparse(node)


def _used(statement: ast.stmt) -> set[str]:
    return {_path(n) for n in ast.walk(statement) if isinstance(n, (ast.Name, ast.Attribute, ast.Subscript))}


def _written(statement: ast.stmt) -> set[str]:
    """Give what a statement may change: its targets, and what is handed to a call for its effect."""
    written: set[str] = set()
    for node in ast.walk(statement):
        targets: list[ast.AST] = []  # a loop's own variable belongs to the loop
        if isinstance(node, ast.Assign):
            targets = list(node.targets)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        for target in targets:
            if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
                written.add(_path(target))
            elif isinstance(target, ast.Tuple):
                written |= {_path(item) for item in target.elts}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            given = [node.value.func, *node.value.args]
            written |= {_path(n) for n in given if isinstance(n, (ast.Name, ast.Attribute, ast.Subscript))}
            if isinstance(node.value.func, ast.Attribute):
                written.add(_path(node.value.func.value))  # x.append(y) changes x
    return written
