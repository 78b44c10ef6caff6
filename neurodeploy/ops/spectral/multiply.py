"""Multiply matrices at every frequency: complex products by three real ones, summed in registers.

A library's product of real matrices would need the three factors of each side in memory and would write three
results; here the third factors are made where they are used, and two numbers a frequency go in and out.
"""

# ruff: noqa: PLR0917 (compiled functions take positional arguments only)

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from neurodeploy.ops.compiled import compiled
from neurodeploy.ops.spectral.lanes import WIDTH, load, store, transpose, vector_at

TILE = 2 * WIDTH
"""Columns of a result computed together."""

ROWS = 4
"""Rows of a result computed together: with :data:`TILE`, 24 registers hold the sums."""

_compile = compiled(error_model="numpy", fastmath={"contract"})


def _block(rows: int, factors: int) -> Any:
    """Make the innermost loop: ``rows`` x ``TILE`` sums of products, real (1 factor) or complex (3)."""

    @intrinsic
    def block(_context, a, _a_at, _a_plane, _a_row, _a_step, b, y, _re, _im, _y_row, _n, sign):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            a_, a_at, a_plane, a_row, a_step, b_, y_, re, im, y_row, n, sign_ = arguments
            number = context.get_data_type(a.dtype)
            vector = ir.VectorType(number, WIDTH)
            size = a.dtype.bitwidth // 8
            numbers = context.make_array(a)(context, builder, a_).data
            add, times = builder.add, builder.mul

            def whole(value: int) -> Any:
                return ir.Constant(n.type, value)

            def everywhere(value: Any) -> Any:
                none = ir.Constant(vector, ir.Undefined)
                one = builder.insert_element(none, value, cgutils.int32_t(0))
                zeros = ir.Constant(ir.VectorType(cgutils.int32_t, WIDTH), [0] * WIDTH)
                return builder.shuffle_vector(one, none, zeros)

            zero = ir.Constant(vector, None)
            sums = {
                (p, row, col): cgutils.alloca_once_value(builder, zero)
                for p in range(factors)
                for row in range(rows)
                for col in range(2)
            }
            with cgutils.for_range(builder, n) as loop:
                right: list[tuple[Any, ...]] = []
                for col in range(2):
                    at = add(times(loop.index, whole(2 * TILE)), whole(col * WIDTH))
                    real = builder.load(vector_at(context, builder, b, b_, at), align=size)
                    if factors == 1:
                        right.append((real,))
                        continue
                    at = add(at, whole(TILE))
                    imag = builder.load(vector_at(context, builder, b, b_, at), align=size)
                    right.append((real, builder.fsub(imag, real), builder.fadd(real, imag)))
                start = add(a_at, times(loop.index, a_step))
                for row in range(rows):
                    for p in range(factors):
                        at = add(add(start, times(a_row, whole(row))), times(a_plane, whole(p)))
                        left = everywhere(builder.load(builder.gep(numbers, [at])))
                        for col in range(2):
                            place = sums[p, row, col]
                            product = builder.fmul(left, right[col][p], flags=("contract",))
                            builder.store(
                                builder.fadd(product, builder.load(place), flags=("contract",)), place
                            )
            for row in range(rows):
                for col in range(2):
                    at = add(times(y_row, whole(row)), whole(col * WIDTH))
                    one, *more = (builder.load(sums[p, row, col]) for p in range(factors))
                    results = [(re, one)]
                    if more:
                        imaginary = builder.fmul(everywhere(sign_), builder.fadd(one, more[0]))
                        results = [(re, builder.fsub(one, more[1])), (im, imaginary)]
                    for first, value in results:
                        builder.store(value, vector_at(context, builder, y, y_, add(first, at)), align=size)
            return context.get_dummy_value()

        i = types.intp
        return types.none(a, i, i, i, i, b, y, i, i, i, i, sign), emit

    return block


_complex_rows, _complex_row = _block(ROWS, 3), _block(1, 3)
_real_rows, _real_row = _block(ROWS, 1), _block(1, 1)


@_compile
def _pack_left(a, re, im, sign, packed):  # type: ignore[no-untyped-def]
    """Copy one frequency of ``a`` as the three left factors: ``a_r + s a_i``, ``a_r`` and ``s a_i``."""
    for row in range(packed.shape[1]):
        for k in range(packed.shape[2]):
            packed[1, row, k] = a[row, re, k]
        for k in range(packed.shape[2]):
            packed[2, row, k] = sign * a[row, im, k]
        for k in range(packed.shape[2]):
            packed[0, row, k] = packed[1, row, k] + packed[2, row, k]


@_compile
def _pack_right(b, point, left, by_row, panel):  # type: ignore[no-untyped-def]
    """Copy ``TILE`` columns of one point of ``b``, or of its transpose, as [inner, column]."""
    if by_row:
        row_stride = b.strides[0] // b.itemsize
        at = point * (b.strides[1] // b.itemsize) + left
        for k in range(len(panel)):
            store(panel, 2 * TILE * k, load(b, at + k * row_stride))
            store(panel, 2 * TILE * k + WIDTH, load(b, at + k * row_stride + WIDTH))
    else:
        n = min(TILE, len(b) - left)
        whole, squares = len(panel) - len(panel) % WIDTH, n - n % WIDTH
        panel[:, n:] = 0
        for column in range(0, squares, WIDTH):
            row = (left + column) * (b.strides[0] // b.itemsize) + point * (b.strides[1] // b.itemsize)
            for k in range(0, whole, WIDTH):
                transpose(b, row + k, b.strides[0] // b.itemsize, panel, 2 * TILE * k + column, 2 * TILE)
            panel[whole:, column : column + WIDTH] = b[
                left + column : left + column + WIDTH, point, whole : len(panel)
            ].T
        panel[:, squares:n] = b[left + squares : left + n, point, : len(panel)].T


@_compile
def multiply(a, b, y, inner, a_by_row, b_by_row, sign, sign_y, first, last):  # type: ignore[no-untyped-def]
    """Multiply at the frequencies ``first`` to ``last`` of 0 .. N/2 - 1; the first also does N/2.

    All arrays are [row, point, column] with room for whole tiles of columns; the points are frequency 0,
    frequency N/2, the real parts of those between, their imaginary parts.

    ``y[m, n]`` is the sum over ``inner`` k of A(m, k) B(k, n), where A is ``a[m, k]`` or, with not
    ``a_by_row``, ``a[k, m]``, and the same for B. ``sign`` -1 conjugates a, ``sign_y`` -1 the result.
    """
    n_rows, n_columns = y.shape[0], y.shape[2]
    half = a.shape[1] // 2
    packed = np.empty((3, a.shape[0], a.shape[2]), a.dtype)
    plane, width = packed.shape[1] * packed.shape[2], packed.shape[2]
    row_step, step = (width, 1) if a_by_row else (1, width)
    panel = np.empty((inner, 2, TILE), a.dtype)
    y_row, y_point = y.strides[0] // y.itemsize, y.strides[1] // y.itemsize
    for item in range(first, last):
        for part in range(2 if item == 0 else 1):
            re, im = (part, part) if item == 0 else (1 + item, half + item)
            _pack_left(a, re, im, sign, packed)
            for left in range(0, n_columns, TILE):
                _pack_right(b, re, left, b_by_row, panel[:, 0])
                to_re, to_im = re * y_point + left, im * y_point + left
                many = n_rows - n_rows % ROWS
                if item == 0:
                    for m in range(0, many, ROWS):
                        _real_rows(packed, plane + m * row_step, plane, row_step, step, panel, y,
                                   to_re + m * y_row, to_im + m * y_row, y_row, inner, sign_y)  # fmt: skip
                    for m in range(many, n_rows):
                        _real_row(packed, plane + m * row_step, plane, row_step, step, panel, y,
                                  to_re + m * y_row, to_im + m * y_row, y_row, inner, sign_y)  # fmt: skip
                else:
                    _pack_right(b, im, left, b_by_row, panel[:, 1])
                    for m in range(0, many, ROWS):
                        _complex_rows(packed, m * row_step, plane, row_step, step, panel, y,
                                      to_re + m * y_row, to_im + m * y_row, y_row, inner, sign_y)  # fmt: skip
                    for m in range(many, n_rows):
                        _complex_row(packed, m * row_step, plane, row_step, step, panel, y,
                                     to_re + m * y_row, to_im + m * y_row, y_row, inner, sign_y)  # fmt: skip
