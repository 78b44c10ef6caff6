"""Operators as ONNX files, checked by onnx itself before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import neurodeploy
from neurodeploy.files import write_bytes
from neurodeploy.findings.codes_program import NO_ONNX
from neurodeploy.targets.onnx.operators import Operators

OPSET, IR = 17, 8
"""Version of the operators, and of the format: onnxruntime 1.13 (2022) and later read them."""


def require_onnx() -> Any:
    """Give the package onnx.

    Raises
    ------
    NeurodeployError
        ND430 with exit code 4: it is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.shape_inference
    except ModuleNotFoundError as error:
        raise NO_ONNX.error(
            where="onnx",
            found=f"no module {error.name!r}",
            help="Install the extra that brings it: pip install 'neurodeploy[onnx]'.",
        ) from None
    return onnx


def write_onnx(ops: Operators, path: Path, *, name: str, facts: Mapping[str, str]) -> None:
    """Write a graph as an ONNX file; the same operators give the same bytes.

    Parameters
    ----------
    ops
        Nodes, constants, inputs and outputs.
    path
        File to write.
    name
        The network's.
    facts
        For the file's metadata.

    Raises
    ------
    NeurodeployError
        ND430 where onnx is not installed.
    """
    onnx = require_onnx()
    model = onnx.helper.make_model(
        _graph(onnx, ops, name),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="neurodeploy",
        producer_version=neurodeploy.__version__,
    )
    onnx.helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    write_bytes(path, model.SerializeToString(deterministic=True))


def _graph(onnx: Any, ops: Operators, name: str) -> Any:
    def declared(entries: list[tuple[str, Any, tuple[int | str, ...]]]) -> list[Any]:
        return [
            onnx.helper.make_tensor_value_info(
                one, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape
            )
            for one, dtype, shape in entries
        ]

    nodes = []
    for node in ops.nodes:
        attributes = dict(node.attributes)
        if "to_type" in attributes:
            attributes["to"] = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(attributes.pop("to_type")))
        if "body" in attributes:
            attributes["body"] = _graph(onnx, attributes["body"], "step")
        nodes.append(onnx.helper.make_node(node.kind, node.inputs, node.outputs, **attributes))
    constants = [onnx.numpy_helper.from_array(array, one) for one, array in ops.constants.items()]
    return onnx.helper.make_graph(nodes, name, declared(ops.inputs), declared(ops.outputs), constants)
