"""What a notebook shows of an object: at most ten lines, and nothing in it steers a terminal or a page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.verify.verification import Verification


@pytest.fixture(scope="module")
def wide(tiny_graph) -> nd.Graph:
    """Twelve populations with names that nobody should have."""
    first = tiny_graph.populations[0]
    many = tuple(replace(first, name=f"[red]\x1b[2J<b>{n}") for n in range(12))
    return replace(tiny_graph, populations=many, projections=(), readout=None)


def test_every_type_has_a_short_repr(bundle, wide, tiny_graph, given):
    opened = nd.open_bundle(bundle)
    traces = nd.simulate(opened, given)
    objects = {
        "Graph": (tiny_graph, "hidden1"),
        "wide Graph": (wide, "more"),
        "Population": (tiny_graph.populations[0], "16 lif, tau 0.05 s"),
        "Projection": (tiny_graph.projections[0], "16 x 12"),
        "Readout": (tiny_graph.readout, "softmax_sum"),
        "Samples": (nd.load_samples(given), "24 samples"),
        "Traces": (traces, "24x40x16"),
        "wide Traces": (nd.Traces({f"\x1b{n}": traces.populations["out"] for n in range(12)}), "more"),
        "Recipe": (nd.load_recipe("mts-xor"), "mts-xor"),
        "Bundle": (opened, "loihi2"),
        "Verification": (nd.verify(opened, samples=4), "exit code 0"),
        "Target": (opened.target, "limits"),
        "Limit": (next(iter(opened.target.limits.values())), "value"),
        "Lowered": (nd.lower(tiny_graph, "loihi2"), "latency"),
        "Live": (opened.stream().step(np.zeros(12, np.uint8)), "hidden1"),
    }
    for name, (value, part) in objects.items():
        text = repr(value)
        assert part in text and len(text.splitlines()) <= 10 and len(text) < 1200, (name, text)
        assert "\x1b" not in text, name


def test_a_verification_is_a_table_in_a_notebook(bundle):
    result = nd.verify(bundle, samples=4)
    html = result._repr_html_()
    assert html.count("<table>") == 1 + len(result.sets) and "integer arithmetic" in html
    for check in result.checks:
        assert f"<td>{check.name}</td>" in html
    named = Verification(
        bundle="b", name="<script>\x1b", target="t", dt_s=1.0, checks=result.checks, sets=(), versions={}
    )
    assert "<script>" not in named._repr_html_() and "\x1b" not in named._repr_html_()
