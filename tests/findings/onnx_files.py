"""Triggers of ND240 to ND249 and ND430 to ND439: ONNX."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from triggers import Place, triggers

from neurodeploy.findings.finding import Finding
from neurodeploy.nir.read import read_nir
from neurodeploy.targets.onnx import float_file, float_network
from neurodeploy.targets.onnx.in_onnxruntime import OnnxRuntime
from neurodeploy.targets.onnx.target import onnx


@triggers("ND240")
def too_wide(place: Place) -> Iterable[Finding]:
    target = onnx()
    limits = {**target.limits, "integer_bits": replace(target.limits["integer_bits"], value=32)}
    program = target.read(place.tiny / "bundle")
    one = program.projections[0]
    heavy = replace(one, weight=np.full_like(one.weight, 254), exponent=7)
    many = replace(program, projections=(heavy, *program.projections[1:]), input_max=255)
    return replace(target, limits=limits).check(many)


@triggers("ND430")
def no_onnxruntime(place: Place) -> Iterable[Finding]:
    place.patch.setattr(importlib.util, "find_spec", lambda name: None)
    OnnxRuntime().run(place.tiny / "bundle", np.zeros((1, 3, 12), np.uint8))
    return ()


@triggers("ND241")
def no_float_form(place: Place) -> Iterable[Finding]:
    place.patch.setattr(float_network, "KNOWN", ("li",))
    return float_network.float_misfits(read_nir(place.nir()))


@triggers("ND431")
def float_differs(place: Place) -> Iterable[Finding]:
    graph = read_nir(place.nir())
    later = [replace(p, delay_s=p.delay_s + graph.dt_s) for p in graph.projections]
    other = float_network.float_graph(replace(graph, projections=tuple(later)))
    place.patch.setattr(float_file, "float_graph", lambda _: other)
    spikes = np.load(place.given())["spikes"][:2]
    onnx().write_float(graph, Path(), spikes)
    return ()
