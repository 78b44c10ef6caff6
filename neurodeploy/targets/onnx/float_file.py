"""Write the float network as an ONNX file, and hold it against the float interpreter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_program import FLOAT_DIFFERS
from neurodeploy.findings.finding import Exit, NeurodeployError, raise_errors
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import Graph
from neurodeploy.targets.onnx.float_network import float_graph, float_misfits
from neurodeploy.targets.onnx.in_onnxruntime import OnnxRuntime
from neurodeploy.targets.onnx.write_onnx import write_onnx

V_TOLERANCE = 1e-6
"""Times ``max(1, |v|)``: both compute in float64, and only the order of sums differs, so that what is found
is nearer to 1e-15; a wrong number or delay is far above."""


def write_float(
    graph: Graph, folder: Path, spikes: NDArray[np.integer[Any]], *, name: str
) -> Mapping[str, Any]:
    """Write the file, run it on ``spikes`` ``[sample, step, source]``, compare, and give what was found.

    Raises
    ------
    NeurodeployError
        ND241, ND430, ND431; see :meth:`neurodeploy.targets.onnx.target.OnnxTarget.write_float`.
    """
    raise_errors(float_misfits(graph))
    runtime = OnnxRuntime(name)
    if missing := runtime.missing():
        raise NeurodeployError([missing], exit_code=Exit.BACKEND_MISSING)
    ops = float_graph(graph)
    readout = graph.readout
    facts = {
        "dt_s": repr(graph.dt_s),
        "input_size": str(graph.input_size),
        "input_max": str(graph.input_max),
        "latency_steps": json.dumps({p.name: 0 for p in graph.populations}),
        "readout": json.dumps(
            None if readout is None else {"population": readout.population, "score": readout.score}
        ),
    }
    write_onnx(ops, folder / name, name=graph.name, facts=facts)
    expected, found = interpret(graph, spikes), runtime.run(folder, spikes)
    apart = 0.0
    for key, one in expected.populations.items():
        other = found.populations[key]
        assert one.v is not None and other.v is not None
        different = int((one.spikes != other.spikes).sum())
        by = np.abs(one.v - other.v) / np.maximum(1, np.abs(one.v))
        apart = max(apart, float(by.max(initial=0)))
        if different or not (by <= V_TOLERANCE).all():
            raise FLOAT_DIFFERS.error(
                where=f"{graph.name}.{key}",
                found=f"{different} spikes, v {float(by.max(initial=0)):.1e} apart",
                limit=f"no spike, {V_TOLERANCE:g} times max(1, |v|)",
                help="Leave --float out, and report the network.",
            )
    return {
        "file": name,
        "bytes": (folder / name).stat().st_size,
        "operators": ops.n_operators,
        "compared_samples": len(spikes),
        "v_apart": apart,
    }
