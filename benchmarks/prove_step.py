"""Prove the step of the compiled simulator equal to the reference's, for every state and every register.

    python benchmarks/prove_step.py

Both steps are taken from their source: the inner loop of ``simulate/kernel.py``, ``_update``, and the loop of
``simulate/naive.py``, ``simulate_reference`` with the functions that it calls. They are run on unknown whole
numbers, and z3 is asked for a state, registers, an input and a bias for which they differ, or for which a
``cast`` of the compiled step would lose a bit. Exits with 1 where there is one.

What makes it decidable: ``|x| = 4096 h + l`` with ``0 <= l < 4096``. Products of two unknowns are unknowns of
their own, ``h k`` and ``l k``, within bounds that are proven first; ``(4096 h + l) k = 4096 (h k) + l k`` is
used where a product of ``|x|`` is taken. All that is left is linear.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import z3

from neurodeploy.targets.loihi.simulate import kernel, naive

LOW = 1 << 12
STATE = 1 << 23
CLOSED = 1 << 18
"""Largest ``|a|`` for which a 24-bit u stays one: a step wraps once."""

LARGEST = 1 << 24
"""Largest ``|a|`` that a simulation may meet (ND463)."""


class CannotProveError(Exception):
    """The source has a part that this program has no rule for: then nothing is said of it."""


@dataclass(frozen=True)
class Unknown:
    """A number ``sign * (4096 h + l)``: what the products are taken of."""

    high: z3.ArithRef
    low: z3.ArithRef
    sign: int

    @property
    def value(self) -> Any:
        """The number itself."""
        return self.sign * (LOW * self.high + self.low)


@dataclass(frozen=True)
class Lost:
    """``4096 - keep``: the reference has what is lost, the tables what is kept."""

    keep: z3.ArithRef


@dataclass
class Proof:
    """The facts so far, and the claims to be proven from them."""

    facts: list[z3.BoolRef] = field(default_factory=list)
    claims: list[tuple[str, z3.BoolRef]] = field(default_factory=list)
    products: dict[tuple[str, str], z3.ArithRef] = field(default_factory=dict)
    bounds: dict[str, int] = field(default_factory=dict)

    def unknown(self, name: str, low: int, high: int) -> z3.ArithRef:
        """Make a whole number within bounds."""
        made = z3.Int(name)
        self.facts += [made >= low, made <= high]
        self.bounds[name] = max(abs(low), abs(high))
        return made

    def product(self, one: z3.ArithRef, other: z3.ArithRef) -> z3.ArithRef:
        """Give the product of two unknowns that are not negative, as an unknown with proven bounds."""
        key = (str(one), str(other))
        if not set(key) <= set(self.bounds):
            raise CannotProveError(f"a product of {' and '.join(key)}")
        if key not in self.products:
            made, most = z3.Int("*".join(key)), (self.bounds[key[0]], self.bounds[key[1]])
            p, q = z3.Ints("p q")
            within = z3.Implies(
                z3.And(p >= 0, p <= most[0], q >= 0, q <= most[1]),
                z3.And(p * q >= 0, p * q <= most[1] * p, p * q <= most[0] * q),
            )
            self.claims.append((f"0 <= {made} <= {most[1]} {key[0]} and <= {most[0]} {key[1]}", within))
            self.facts += [made >= 0, made <= most[1] * one, made <= most[0] * other]
            self.products[key] = made
        return self.products[key]


class Run:
    """Run a piece of Python on unknowns; ``cast`` claims that nothing is lost in 32 bits."""

    def __init__(self, proof: Proof, names: dict[str, Any], functions: dict[str, ast.FunctionDef]) -> None:
        self._proof, self.names, self._functions = proof, names, functions

    def statements(self, body: list[ast.stmt]) -> Any:
        """Run statements; give what they return, None where they do not."""
        for k, statement in enumerate(body):
            if isinstance(statement, ast.Return):
                return self.value(statement.value)
            if isinstance(statement, ast.If):
                test = self.value(statement.test)
                if isinstance(test, bool):
                    given = self.statements(statement.body if test else statement.orelse)
                    if given is not None:
                        return given
                    continue
                before = dict(self.names)
                given = self.statements(statement.body)
                if given is not None:  # a guard: the rest is the other way
                    self.names = before
                    return _either(test, given, self.statements(body[k + 1 :]))
                after, self.names = self.names, before
                if statement.orelse:
                    raise CannotProveError(f"an else behind {ast.unparse(statement.test)}")
                self.names |= {
                    name: _either(test, after[name], before[name])
                    for name in after
                    if name in before and after[name] is not before[name]
                }
            elif isinstance(statement, ast.Assign):
                (target,) = statement.targets
                self._assign(target, self.value(statement.value))
            elif isinstance(statement, ast.Expr):  # a docstring
                if not isinstance(statement.value, ast.Constant):
                    raise CannotProveError(ast.unparse(statement))
            else:
                raise CannotProveError(ast.unparse(statement))
        return None

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Tuple):
            for one, each in zip(target.elts, value, strict=True):
                self._assign(one, each)
        else:
            self.names[ast.unparse(target)] = value

    def value(self, node: ast.expr | None) -> Any:
        """Give what an expression stands for: a Python number or an unknown."""
        text = ast.unparse(node) if node is not None else ""
        if text in self.names:
            return self.names[text]
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -_plain(self.value(node.operand))
        if isinstance(node, ast.IfExp):
            return _either(self.value(node.test), self.value(node.body), self.value(node.orelse))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            left, right = _plain(self.value(node.left)), _plain(self.value(node.comparators[0]))
            return _COMPARE[type(node.ops[0])](left, right)
        if isinstance(node, ast.BinOp):
            return self._operate(type(node.op), self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Tuple):
            return tuple(self.value(each) for each in node.elts)
        if isinstance(node, ast.Call) and not node.keywords:
            return self._call(ast.unparse(node.func), [self.value(each) for each in node.args])
        raise CannotProveError(text)

    def _operate(self, operator: type[ast.operator], left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int) and operator in _WHOLE:
            return _WHOLE[operator](left, right)
        if operator is ast.RShift and right == 12:
            return left.high if isinstance(left, Unknown) else _plain(left) / LOW  # z3 divides downwards
        if operator is ast.BitAnd and right in (0, -1):  # a mask
            return _plain(left) if right else 0
        if operator is ast.BitAnd and isinstance(left, Unknown) and isinstance(right, int):
            if right == LOW - 1:
                return left.low
            if right & (right + 1) == 0:  # all bits below a power of two
                return left.value % (right + 1)
        if operator is ast.LShift and isinstance(right, int):
            return _plain(left) * (1 << right)
        if operator is ast.Mult:
            if isinstance(left, Unknown):
                return LOW * self._proof.product(left.high, right) + self._proof.product(left.low, right)
            return self._proof.product(left, right)
        if operator is ast.Sub and isinstance(right, Lost) and left == LOW:
            return right.keep
        if operator in (ast.Add, ast.Sub) and not isinstance(left, Lost) and not isinstance(right, Lost):
            left, right = _plain(left), _plain(right)
            return left + right if operator is ast.Add else left - right
        raise CannotProveError(f"{operator.__name__} of {left} and {right}")

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name == "cast":
            value = arguments[0]
            plain = _plain(value)
            if not isinstance(plain, int):
                self._proof.claims.append(
                    (
                        f"32 bits hold {str(z3.simplify(plain))[:60]}",
                        z3.And(plain >= -(1 << 31), plain < 1 << 31),
                    )
                )
            return value
        if name == "abs":
            (x,) = arguments
            return Unknown(x.high, x.low, 1) if isinstance(x, Unknown) else _either(x >= 0, x, -x)
        if name in ("min", "max"):
            one, other = map(_plain, arguments)
            return _either(one < other if name == "min" else one > other, one, other)
        if name == "int":
            (x,) = arguments
            return z3.If(x, 1, 0) if isinstance(x, z3.BoolRef) else x
        if name not in self._functions:
            raise CannotProveError(f"a call of {name}")
        function = self._functions[name]
        inner = Run(
            self._proof,
            {**self.names, **{a.arg: x for a, x in zip(function.args.args, arguments, strict=True)}},
            self._functions,
        )
        return inner.statements(function.body)


_WHOLE: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.LShift: int.__lshift__,
    ast.RShift: int.__rshift__,
}

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
}


def _plain(x: Any) -> Any:
    return x.value if isinstance(x, Unknown) else x


def _either(test: Any, one: Any, other: Any) -> Any:
    one, other = _plain(one), _plain(other)
    if isinstance(test, bool):
        return one if test else other
    if isinstance(one, bool | z3.BoolRef):
        return z3.If(test, z3.BoolVal(one) if isinstance(one, bool) else one,
                     z3.BoolVal(other) if isinstance(other, bool) else other)  # fmt: skip
    return z3.If(test, one, other)


def source_of(function: Any) -> ast.FunctionDef:
    """Parse a function, compiled or not."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(function, "py_func", function)))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def kernel_body(function: ast.FunctionDef) -> list[ast.stmt]:
    """Give the statements of the compiled step of one neuron, without what only watches: peak and widest."""
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
    loop = next(
        x
        for x in loops
        if ast.unparse(x).startswith("for n in range(size):") and "keep_u[n]" in ast.unparse(x)
    )
    watched = ("peak = ", "widest = ")
    return [s for s in loop.body if not ast.unparse(s).startswith(watched)]


def reference_body(function: ast.FunctionDef) -> list[ast.stmt]:
    """Give the statements of the reference's step of one neuron, from the decay to the new state."""
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
    loop = next(x for x in loops if ast.unparse(x).startswith("for n in range(p.size):"))
    steps = ("u_n = ", "v_n = ", "threshold = ", "if p.soft:")
    kept = [s for s in loop.body if ast.unparse(s).startswith(steps)]
    assert len(kept) == 4
    return kept


def cases(update: ast.FunctionDef, reference: ast.FunctionDef, largest: int) -> Iterator[tuple[str, Proof]]:
    """Give one proof for each pair of signs of u and v and each reset: to 0, or by subtraction."""
    functions = {n: source_of(getattr(naive, n)) for n in ("decayed", "wrapped", "saturated")}
    for sign_u, sign_v, soft in itertools.product((1, -1), (1, -1), (False, True)):
        proof = Proof()
        state = {}
        for name, sign, most in (("u", sign_u, STATE), ("v", sign_v, STATE - 1)):
            high = proof.unknown(f"{name}_high", 0, STATE // LOW)
            low = proof.unknown(f"{name}_low", 0, LOW - 1)
            proof.facts.append(LOW * high + low <= (most if sign > 0 else STATE - 1))
            if sign < 0:  # 0 is its own negative: it belongs to the other case
                proof.facts.append(LOW * high + low >= 1)
            state[name] = Unknown(high, low, sign)
        keep_u, keep_v = proof.unknown("keep_u", 0, LOW - 1), proof.unknown("keep_v", 1, LOW)
        a = proof.unknown("a", -largest, largest)
        bias = proof.unknown("bias", -(4096 << 7), 4095 << 7)
        vth = proof.unknown("vth", 0, (1 << 17) - 1)
        fast = Run(proof, {
            "arrived[n]": a, "u[n]": state["u"], "v[n]": state["v"], "keep_u[n]": keep_u, "keep_v[n]": keep_v,
            "bias[n]": bias, "threshold[n]": 64 * vth - int(soft), "kept": -int(soft),
            "_WRAP": kernel._WRAP, "_V_LIMIT": kernel._V_LIMIT,
        }, {})  # fmt: skip
        fast.statements(kernel_body(update))
        slow = Run(proof, {
            "a": a, "u[p.name][n]": state["u"], "v[p.name][n]": state["v"], "int(p.bias[n])": bias,
            "STATE_SHIFT": naive.STATE_SHIFT, "STATE_LIMIT": naive.STATE_LIMIT, "sent[p.name][n]": 0,
            "p.soft": soft,
            "int(p.vth[n]) << STATE_SHIFT": 64 * vth, "DECAY_BITS": naive.DECAY_BITS,
            # what the tables are made of: keep = 4096 - lost, lost = du + 1 or dv
            "int(p.du[n]) + 1": Lost(keep_u), "int(p.dv[n])": Lost(keep_v),
        }, functions)  # fmt: skip
        slow.statements(reference_body(reference))
        u_fast, v_fast = _plain(fast.names["u[n]"]), _plain(fast.names["v[n]"])
        u_slow, v_slow = _plain(slow.names["u_n"]), _plain(slow.names["v_n"])
        fired = fast.names["fired[n]"]
        proof.claims += [
            ("u equal", u_fast == u_slow),
            ("v equal", v_fast == v_slow),
            ("spikes equal", z3.If(fired, 1, 0) == slow.names["sent[p.name][n]"]),
            ("v within 24 bits", z3.And(v_fast >= -(STATE - 1), v_fast <= STATE - 1)),
        ]
        if largest <= CLOSED:
            proof.claims.append(("u within 24 bits", z3.And(u_fast > -STATE, u_fast <= STATE)))
        reset = "soft" if soft else "hard"
        yield f"u {'>=' if sign_u > 0 else '<'} 0, v {'>=' if sign_v > 0 else '<'} 0, {reset}", proof


def prove(
    update: ast.FunctionDef, reference: ast.FunctionDef, largest: int, *, say: Callable[[str], None] = print
) -> bool:
    """Prove every claim for ``|a| <= largest``; say what could not be, and z3's values where it has some."""
    try:
        proofs = list(cases(update, reference, largest))
    except CannotProveError as error:
        say(f"|a| <= {largest}: not proven: this program does not know {error}")
        return False
    for case, proof in proofs:
        start = perf_counter()
        for name, claim in proof.claims:
            solver = z3.Solver()
            solver.set("timeout", 120_000)
            solver.add(*proof.facts, z3.Not(claim))
            answer = solver.check()
            if answer != z3.unsat:
                values = solver.model() if answer == z3.sat else "z3 gave up"
                say(f"|a| <= {largest}, {case}: not proven: {name}\n  {values}")
                return False
        say(f"|a| <= {largest}, {case}: {len(proof.claims)} claims proven in {perf_counter() - start:.1f} s")
    return True


def main() -> int:
    """Prove both bounds."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    update, reference = source_of(kernel._update), source_of(naive.simulate_reference)
    proven = [prove(update, reference, largest) for largest in (CLOSED, LARGEST)]
    return int(not all(proven))


if __name__ == "__main__":
    sys.exit(main())
