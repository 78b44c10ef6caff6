"""Sixteen numbers at once in compiled loops: loaded, stored, added, subtracted and multiplied together.

A compiler turns a plain inner loop into vector instructions only where it can prove that arrays do not
overlap; over sixteen columns that proof costs more than the work. Values of :class:`Lanes` are vectors
from the start. LLVM maps them to what the processor has (AVX-512, AVX2, NEON).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

WIDTH = 16
"""Numbers in one value: one register of AVX-512 in float32."""


class Lanes(types.Type):
    """Numba's type of ``WIDTH`` numbers."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Lanes) -> None:
        number = manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, WIDTH))


def vector_at(context: Any, builder: Any, kind: types.Array, array: Any, at: Any) -> Any:
    """Point to the vector that starts ``at`` elements after an array's first."""
    first = context.make_array(kind)(context, builder, array).data
    vector = ir.VectorType(context.get_data_type(kind.dtype), WIDTH)
    return builder.bitcast(builder.gep(first, [at]), vector.as_pointer())


@intrinsic
def load(_context: Any, array: Any, _at: Any) -> Any:
    """Read ``WIDTH`` neighbours, the first of them ``_at`` elements of memory after the array's first."""
    kind = Lanes(array.dtype)

    def emit(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = vector_at(context, builder, array, *arguments)
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return kind(array, types.intp), emit


@intrinsic
def store(_context: Any, array: Any, _at: Any, value: Any) -> Any:
    """Write ``WIDTH`` neighbours, the first of them ``_at`` elements of memory after the array's first."""

    def emit(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = vector_at(context, builder, array, *arguments[:2])
        builder.store(arguments[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, value), emit


@intrinsic
def spread(_context: Any, number: Any) -> Any:
    """Put one number into every lane."""

    def emit(_: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(arguments[0].type, WIDTH)
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), arguments[0], cgutils.int32_t(0))
        everywhere = ir.Constant(ir.VectorType(cgutils.int32_t, WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), everywhere)

    return Lanes(number)(number), emit


@intrinsic
def transpose(
    _context: Any, array: Any, _at: Any, _stride: Any, result: Any, _to: Any, _to_stride: Any
) -> Any:
    """Copy ``WIDTH`` rows of ``WIDTH`` numbers, ``_stride`` elements apart, as columns."""

    def emit(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        from_, at, stride, to_, to, to_stride = arguments
        size = array.dtype.bitwidth // 8

        def place(start: Any, step: Any, row: int) -> Any:
            return builder.add(start, builder.mul(step, ir.Constant(step.type, row)))

        rows = [
            builder.load(vector_at(context, builder, array, from_, place(at, stride, row)), align=size)
            for row in range(WIDTH)
        ]
        half = WIDTH // 2
        while half:  # exchange the quarters off the diagonal of every square of 2 half x 2 half
            low = [k - half + WIDTH if k & half else k for k in range(WIDTH)]
            high = [k + WIDTH if k & half else k + half for k in range(WIDTH)]
            for row in range(WIDTH):
                if not row & half:
                    pair = rows[row], rows[row + half]
                    masks = (ir.Constant(ir.VectorType(cgutils.int32_t, WIDTH), m) for m in (low, high))
                    rows[row], rows[row + half] = (builder.shuffle_vector(*pair, mask) for mask in masks)
            half //= 2
        for row, value in enumerate(rows):
            builder.store(
                value, vector_at(context, builder, result, to_, place(to, to_stride, row)), align=size
            )
        return context.get_dummy_value()

    i = types.intp
    return types.none(array, i, i, result, i, i), emit


def _elementwise(function: Callable[..., Any], instruction: str) -> None:
    """Give an operator of Python a meaning for lanes with lanes, and for a number with lanes."""

    @intrinsic
    def compute(_context: Any, left: Any, right: Any) -> Any:
        def emit(_: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments)

        return left(left, right), emit

    @overload(function)
    def _of_lanes(left, right):  # type: ignore[no-untyped-def]
        if isinstance(left, Lanes) and left == right:
            return lambda left, right: compute(left, right)  # noqa: PLW0108 (numba compiles functions)
        if isinstance(right, Lanes) and left == right.dtype:
            return lambda left, right: compute(spread(left), right)
        return None


_elementwise(operator.add, "fadd")
_elementwise(operator.sub, "fsub")
_elementwise(operator.mul, "fmul")
