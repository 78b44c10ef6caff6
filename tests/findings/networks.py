"""Triggers of ND1xx, ND2xx and ND3xx: networks, what a chip holds of them, and what rounding does to them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
from triggers import Place, triggers

from neurodeploy.findings.finding import Finding
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout

DT_S = 0.01


def population(name: str, model: NeuronModel = NeuronModel.LIF, size: int = 2, **values: float) -> Population:
    defaults = {"tau_s": 0.05, "v_threshold": 1.0, "v_leak": 0.0, "v_reset": 0.0, "r": 1.0}
    defaults |= {"tau_syn_s": 0.02, "w_in": 1.0, "bias": 0.0}
    return Population(
        name=name, model=model, **{key: np.full(size, x) for key, x in (defaults | values).items()}
    )


def projection(source: str, target: str, steps: float = 1, weight: float = 1.0, n: int = 2) -> Projection:
    return Projection(
        source=source,
        target=target,
        weight=np.full((1, 2, n), weight),
        delay_s=np.full((1, 2, n), steps * DT_S),
    )


def chain(**changes: Any) -> Graph:
    """Input -> hidden -> out."""
    parts: dict[str, Any] = {
        "name": "net",
        "dt_s": DT_S,
        "input_size": 2,
        "populations": (population("hidden"), population("out", NeuronModel.LI)),
        "projections": (projection(INPUT, "hidden"), projection("hidden", "out")),
        "readout": Readout(population="out"),
    }
    return Graph(**parts | changes)


def hidden(**values: float) -> Graph:
    return chain(populations=(population("hidden", **values), population("out", NeuronModel.LI)))


def first(changed: Projection, **graph: Any) -> Graph:
    return chain(projections=(changed, projection("hidden", "out")), **graph)


@triggers("ND101")
def not_finite(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection(INPUT, "hidden", weight=np.nan)))


@triggers("ND102")
def tau_too_short(_: Place) -> Iterable[Finding]:
    return check_graph(hidden(tau_s=0.005))


@triggers("ND103")
def negative_delay(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection(INPUT, "hidden", steps=-0.1)))


@triggers("ND104")
def delay_off_grid(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection(INPUT, "hidden", steps=1.5)), on_grid=True)


@triggers("ND105")
def array_shape(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection(INPUT, "hidden", n=3)))


@triggers("ND106")
def bad_name(_: Place) -> Iterable[Finding]:
    return check_graph(chain(populations=(population("hidden"), population("hidden"), population("out"))))


@triggers("ND107")
def no_such_end(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection("hidden0", "hidden")))


@triggers("ND108")
def loop_without_delay(_: Place) -> Iterable[Finding]:
    loop = (projection(INPUT, "hidden"), projection("hidden", "hidden", steps=0))
    return check_graph(chain(projections=loop))


@triggers("ND109")
def threshold_below_reset(_: Place) -> Iterable[Finding]:
    return check_graph(hidden(v_threshold=0.0))


@triggers("ND110")
def bad_readout(_: Place) -> Iterable[Finding]:
    return check_graph(chain(readout=Readout(population="out", score="spike_count")))


@triggers("ND111")
def wrong_order(_: Place) -> Iterable[Finding]:
    out_first = (population("out", NeuronModel.LI), population("hidden"))
    joined = (projection(INPUT, "hidden"), projection("hidden", "out", steps=0))
    return check_graph(chain(populations=out_first, projections=joined))


@triggers("ND112")
def no_input(_: Place) -> Iterable[Finding]:
    return check_graph(chain(dt_s=0.0))


@triggers("ND113")
def silent_source(_: Place) -> Iterable[Finding]:
    both = (population("hidden", NeuronModel.LI), population("out", NeuronModel.LI))
    return check_graph(chain(populations=both))


@triggers("ND114")
def delay_too_large(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection(INPUT, "hidden", steps=1e30)))


@triggers("ND115")
def no_gain(_: Place) -> Iterable[Finding]:
    return check_graph(hidden(r=0.0))


@triggers("ND117")
def number_too_large(_: Place) -> Iterable[Finding]:
    return check_graph(first(projection(INPUT, "hidden", weight=1e300)))


# ---- NIR files


def written(*nodes: nir.NIRNode, n_in: int = 1, n_out: int = 1, dt: float | None = DT_S) -> Path:
    """Write a chain of nodes as another framework does."""
    named = {
        "input": nir.Input(np.array([n_in])),
        **{f"n{k}": node for k, node in enumerate(nodes)},
        "output": nir.Output(np.array([n_out])),
    }
    graph = nir.NIRGraph(named, list(pairwise(named)), type_check=False)
    if dt is not None:
        graph.metadata["dt"] = dt
    nir.write("net.nir", graph)
    return Path("net.nir")


def lif(n: int = 1, **changes: np.ndarray) -> nir.LIF:
    one = np.ones(n)
    values = {"tau": 0.05 * one, "r": one, "v_leak": 0 * one, "v_threshold": one, "v_reset": 0 * one}
    return nir.LIF(**values | changes)


@triggers("ND120")
def unsupported_node(place: Place) -> str:
    return place.command("check", written(nir.Linear(np.ones((1, 1))), nir.Threshold(np.ones(1))))


@triggers("ND121")
def no_dt(place: Place) -> str:
    return place.command("check", written(nir.Linear(np.ones((1, 1))), lif(), dt=None))


@triggers("ND122")
def bad_structure(place: Place) -> str:
    biased = nir.Affine(np.ones((1, 1)), np.ones(1))
    return place.command("check", written(biased, nir.Delay(np.full(1, DT_S)), lif()))


@triggers("ND116")
def too_large(place: Place) -> str:
    path = written(nir.Linear(np.ones((1, 1))), lif())
    with h5py.File(path, "r+") as file:
        weight = next(name for name in ("node/nodes/n0/weight", "nodes/n0/weight") if name in file)
        del file[weight]
        file.create_dataset(weight, (10**6, 10**6), dtype=np.float64, chunks=(1000, 1000))  # no chunk stored
    return place.command("check", path)


@triggers("ND124")
def bad_parameter(place: Place) -> str:
    path = written(nir.Linear(np.ones((5, 1))), lif(5), n_out=5)
    with h5py.File(path, "r+") as file:
        tau = next(name for name in ("node/nodes/n1/tau", "nodes/n1/tau") if name in file)
        del file[tau]
        file[tau] = np.full(3, 0.05)
    return place.command("check", path)


@triggers("ND125")
def other_dt(place: Place) -> str:
    return place.command("check", place.nir(), "--dt", "0.001")


@triggers("ND170")
def not_for_a_reader(place: Place) -> str:
    return place.command("nir", place.nir(), "--for", "snntorch", "-o", "net.nir")


@triggers("ND171")
def no_such_reader(place: Place) -> str:
    return place.command("nir", place.nir(), "--for", "snntroch", "-o", "net.nir")
