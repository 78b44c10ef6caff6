"""Read the bytes of an ONNX file without the package onnx: protocol buffers, as far as ONNX uses them.

Source of every field's number: the standard's own ``onnx/onnx.proto`` (IR version 8), and
protobuf's *Encoding*.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}
"""numpy's type by the number in ``TensorProto.DataType``."""


@dataclass(frozen=True, slots=True, eq=False)
class FileNode:
    """One operator as the file has it; ``attributes`` are numbers, lists, or a :class:`FileGraph`."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FileGraph:
    """Operators, constants by name, and the type of each input and output by name, in order."""

    nodes: tuple[FileNode, ...]
    constants: Mapping[str, NDArray[Any]]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FileModel:
    """A whole file."""

    ir_version: int
    opset: int
    graph: FileGraph
    metadata: Mapping[str, str]


def parse(data: bytes) -> FileModel:
    """Read a file's bytes.

    Raises
    ------
    ValueError
        It is no ONNX file, or one with parts that ours never have.
    """
    try:
        fields = _fields(data)
        (graph,) = fields[7]
        opsets = {_text(one.get(1, [b""])[0]): one[2][0] for one in map(_fields, fields.get(8, []))}
        pairs = [_fields(one) for one in fields.get(14, [])]
        metadata = {_text(one[1][0]): _text(one.get(2, [b""])[0]) for one in pairs}
        if set(opsets) != {""}:
            raise ValueError(f"operators of {sorted(opsets)}")
        return FileModel(int(fields[1][0]), int(opsets[""]), _graph(graph), metadata)
    except (KeyError, IndexError, TypeError, struct.error, RecursionError) as error:
        raise ValueError(f"no complete ONNX file ({type(error).__name__}: {error})") from None


def _pieces(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield field numbers with their values: whole numbers, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value - (1 << 64) if value >= 1 << 63 else value
        elif kind == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("the file ends too early")
            yield number, data[at : at + length]
            at += length
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield number, struct.unpack("<d" if kind == 1 else "<f", data[at : at + size])[0]
            at += size
        else:
            raise ValueError(f"wire type {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if not byte & 128:
            return value, at
        if shift > 63:
            raise ValueError("a number without an end")


def _fields(data: bytes) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for number, value in _pieces(data):
        found.setdefault(number, []).append(value)
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8")


def _whole(values: list[Any]) -> list[int]:
    """Give repeated whole numbers, packed or not."""
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            found.append(number - (1 << 64) if number >= 1 << 63 else number)
    return found


def _graph(data: bytes) -> FileGraph:
    fields = _fields(data)
    constants = dict(_tensor(one) for one in fields.get(5, []))
    if len(constants) != len(fields.get(5, [])):
        raise ValueError("a constant is there twice")
    return FileGraph(
        tuple(_node(one) for one in fields.get(1, [])),
        constants,
        dict(_value(one) for one in fields.get(11, [])),
        dict(_value(one) for one in fields.get(12, [])),
    )


def _node(data: bytes) -> FileNode:
    fields = _fields(data)
    if any(fields.get(7, [])):
        raise ValueError(f"an operator of the domain {_text(fields[7][0])}")
    return FileNode(
        _text(fields[4][0]),
        tuple(_text(one) for one in fields.get(1, [])),
        tuple(_text(one) for one in fields.get(2, [])),
        dict(_attribute(one) for one in fields.get(5, [])),
    )


def _attribute(data: bytes) -> tuple[str, Any]:
    fields = _fields(data)
    name, kind = _text(fields[1][0]), fields[20][0]
    if kind == 2:  # INT
        return name, int(fields.get(3, [0])[0])
    if kind == 5:  # GRAPH
        return name, _graph(fields[6][0])
    if kind == 7:  # INTS
        return name, _whole(fields.get(8, []))
    raise ValueError(f"an attribute {name!r} of type {kind}")


def _tensor(data: bytes) -> tuple[str, NDArray[Any]]:
    fields = _fields(data)
    dtype = DTYPES[fields[2][0]]
    if 9 not in fields:
        raise ValueError("a constant that is not stored as raw bytes")
    array = np.frombuffer(fields[9][0], dtype=np.dtype(dtype).newbyteorder("<"))
    return _text(fields[8][0]), array.reshape(_whole(fields.get(1, []))).astype(dtype)


def _value(data: bytes) -> tuple[str, Any]:
    """Give a name and its numpy type."""
    fields = _fields(data)
    (tensor,) = _fields(fields[2][0])[1]
    return _text(fields[1][0]), DTYPES[_fields(tensor)[1][0]]
