"""Triggers of ND1xx, ND2xx and ND3xx: networks, what a chip holds of them, and what rounding does to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
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
from neurodeploy.targets.registry import load_target

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


@triggers("ND126")
def bad_window(place: Place) -> str:
    one = np.array([1, 1])
    return place.command("check", written(nir.SumPool2d(one, 0 * one, 0 * one), lif()))


@triggers("ND127")
def read_as_integrator(place: Place) -> str:
    return place.command(
        "check", written(nir.Linear(np.ones((1, 1))), lif(), nir.Linear(np.full((1, 1), 2.0)))
    )


@triggers("ND128")
def renamed_neurons(place: Place) -> str:
    nodes = {"x": nir.Input(np.array([1])), "w": nir.Linear(np.ones((1, 1))), "input": lif()}
    nodes["output"] = nir.Output(np.array([1]))
    nir.write("net.nir", nir.NIRGraph(nodes, list(pairwise(nodes)), metadata={"dt": DT_S}))
    return place.command("check", "net.nir")


# ---- what the chip holds


def rules(place: Place, **registers: Any) -> Iterable[Finding]:
    """Hold the tiny network's program with other registers against the rules."""
    target = load_target("loihi2")
    program = target.read(place.tiny / "bundle")
    one = program.populations[0]
    changed = {key: np.full_like(getattr(one, key), value) for key, value in registers.items()}
    return target.check(replace(program, populations=(replace(one, **changed), *program.populations[1:])))


def rules_of_synapses(place: Place, **values: Any) -> Iterable[Finding]:
    target = load_target("loihi2")
    program = target.read(place.tiny / "bundle")
    one = replace(program.projections[0], **values)
    return target.check(replace(program, projections=(one, *program.projections[1:])))


@triggers("ND201")
def delay_too_long(place: Place) -> Iterable[Finding]:
    return load_target("loihi2").rules(first(projection(INPUT, "hidden", steps=70)))


@triggers("ND202")
def weight_off_grid(place: Place) -> Iterable[Finding]:
    weight = load_target("loihi2").read(place.tiny / "bundle").projections[0].weight
    odd = np.where(weight > 0, 3, np.where(weight < 0, -4, 0)).astype(weight.dtype)
    return rules_of_synapses(place, weight=odd)


@triggers("ND203")
def weight_exponent(place: Place) -> Iterable[Finding]:
    return rules_of_synapses(place, exponent=8)


@triggers("ND204")
def decay_register(place: Place) -> Iterable[Finding]:
    return rules(place, dv=4096)


@triggers("ND205")
def threshold_register(place: Place) -> Iterable[Finding]:
    return rules(place, vth=131072)


@triggers("ND206")
def bias_register(place: Place) -> Iterable[Finding]:
    return rules(place, bias_mantissa=4096)


@triggers("ND207")
def too_many_groups(place: Place) -> Iterable[Finding]:
    return rules(place, group=np.arange(16))


@triggers("ND208")
def initial_state(place: Place) -> Iterable[Finding]:
    return rules(place, v_initial=2**23)


@triggers("ND209")
def input_too_large(place: Place) -> Iterable[Finding]:
    target = load_target("loihi2")
    return target.check(replace(target.read(place.tiny / "bundle"), input_max=100_000))


def on_a_small_chip(place: Place, **limits: int) -> str:
    """Check the tiny network against a target file with smaller numbers."""
    from neurodeploy.shipped import path_of

    lines, name = [], ""
    for line in path_of("targets", "loihi2").read_text().splitlines():
        name = line[len("[limits.") : -1] if line.startswith("[limits.") else name
        lines.append(f"value = {limits[name]}" if line.startswith("value = ") and name in limits else line)
    Path("chip.toml").write_text("\n".join(lines))
    return place.command("check", place.nir(), "--target", "chip.toml")


@triggers("ND210")
def too_many_cores(place: Place) -> str:
    return on_a_small_chip(place, neurons_per_core=8, cores=2)


@triggers("ND211")
def too_many_neurons(place: Place) -> str:
    return on_a_small_chip(place, neurons_per_chip=8)


def ranges(place: Place, **registers: Any) -> Iterable[Finding]:
    """Run samples on the tiny network's program with another readout."""
    target = load_target("loihi2")
    program = target.read(place.tiny / "bundle")
    last = program.populations[-1]
    changed = {key: np.full_like(getattr(last, key), value) for key, value in registers.items()}
    with np.load(place.tiny / "given.npz") as file:
        spikes = file["spikes"]
    altered = replace(program, populations=(*program.populations[:-1], replace(last, **changed)))
    return target.range_findings(altered, spikes, "samples 'given'")


@triggers("ND220")
def soft_reset_behind_a_filter(_: Place) -> Iterable[Finding]:
    return lowered(hidden(model=NeuronModel.CUBA_LIF_SUBTRACT))


@triggers("ND229")
def soft_reset_that_starts_above(_: Place) -> Iterable[Finding]:
    return lowered(hidden(model=NeuronModel.LIF_SUBTRACT, v_leak=2.0))


@triggers("ND313")
def late_start_clipped(_: Place) -> Iterable[Finding]:
    changed = {"model": NeuronModel.LIF_SUBTRACT, "bias": -20.0}
    both = (population("a", **changed), population("b", **changed), population("out", NeuronModel.LI))
    edges = (projection(INPUT, "a", steps=0), projection("a", "b", steps=0), projection("b", "out"))
    return lowered(chain(populations=both, projections=edges))


@triggers("ND217")
def readout_spikes(place: Place) -> Iterable[Finding]:
    return ranges(place, vth=1)


@triggers("ND216")
def accumulator(place: Place) -> Iterable[Finding]:
    target = load_target("loihi2")
    program = target.read(place.tiny / "bundle")
    one = program.projections[0]
    heavy = replace(one, weight=np.full_like(one.weight, 254), exponent=7)
    with np.load(place.tiny / "given.npz") as file:
        spikes = np.ones_like(file["spikes"])
    altered = replace(program, projections=(heavy, *program.projections[1:]))
    return target.range_findings(altered, spikes, "samples 'given'")


# ---- what rounding does


def lowered(graph: Graph) -> Iterable[Finding]:
    return load_target("loihi2").lower(graph).findings


@triggers("ND301")
def delays_rounded(_: Place) -> Iterable[Finding]:
    return lowered(first(projection(INPUT, "hidden", steps=1.4)))


@triggers("ND302")
def weights_clipped(_: Place) -> Iterable[Finding]:
    weight = np.random.default_rng(1).normal(0, 0.01, (1, 100, 100))
    weight[0, 0, 0] = 0.1  # one outlier: clipping it costs less than a coarser grid for all
    synapses = Projection(source=INPUT, target="hidden", weight=weight, delay_s=np.full(weight.shape, DT_S))
    cells = (population("hidden", size=100),)
    return lowered(chain(input_size=100, populations=cells, projections=(synapses,), readout=None))


@triggers("ND303")
def taus_moved(_: Place) -> Iterable[Finding]:
    return lowered(hidden(tau_s=20.0))


@triggers("ND304")
def loop_too_short(_: Place) -> Iterable[Finding]:
    both = (population("a"), population("b"), population("out", NeuronModel.LI))
    edges = (
        projection(INPUT, "a"), projection("a", "b", steps=0), projection("b", "a"), projection("b", "out")
    )  # fmt: skip
    return lowered(chain(populations=both, projections=edges))


@triggers("ND305")
def bias_behind_filter(_: Place) -> Iterable[Finding]:
    cells = (population("hidden", NeuronModel.CUBA_LIF, bias=0.1), population("out", NeuronModel.LI))
    return lowered(chain(populations=cells))


@triggers("ND306")
def tau_too_long(_: Place) -> Iterable[Finding]:
    return lowered(hidden(tau_s=100.0))


def written_by(
    kind: str, *, names: tuple[str, str] = ("0", "1"), weight: float = 1.25, **values: float
) -> Path:
    """Write weights and neurons under the names and with the numbers of a framework's exporter."""
    neurons = getattr(nir, kind)(**{key: np.full(2, value) for key, value in values.items()})
    nodes = {
        "input": nir.Input(np.array([2])),
        names[0]: nir.Linear(np.full((2, 2), weight)),
        names[1]: neurons,
        "output": nir.Output(np.array([2])),
    }
    nir.write("net.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    return Path("net.nir")


LIF = {"tau": 0.05, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}
CUBA = {"tau_mem": 0.05, "tau_syn": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}


@triggers("ND150")
def unknown_dialect(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF), "--dt", "0.01", "--dialect", "nrose")


@triggers("ND151")
def open_dialect(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF), "--dt", "0.01", "--dialect", "snntorch")


@triggers("ND152")
def no_input_gain(place: Place) -> str:
    return place.command("check", written_by("CubaLIF", **CUBA), "--dt", "0.01")


@triggers("ND153")
def a_thousand_times_too_short(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF | {"tau": 5e-5}), "--dt", "0.01")


@triggers("ND154")
def contradicting_dt(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF | {"r": 50.0}), "--dt", "0.01")


@triggers("ND155")
def unknown_reset(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF | {"tau": 1e-3, "r": 10.0}), "--dt", "0.0001")


@triggers("ND156")
def times_in_steps(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF | {"tau": 20.0}), "--dt", "0.01")


@triggers("ND157")
def r_is_beta(place: Place) -> str:
    return place.command("check", written_by("LIF", **LIF | {"r": 0.8}), "--dt", "0.01")


@triggers("ND158")
def input_scaled_by_dt(place: Place) -> str:
    return place.command("check", written_by("IF", r=1.0, v_threshold=1.0), "--dt", "0.01")


@triggers("ND159")
def ties(place: Place) -> str:
    values = LIF | {"tau": 0.02, "r": 2.0}
    return place.command("check", written_by("LIF", names=("_0", "_1"), weight=0.5, **values), "--dt", "0.01")


@triggers("ND160")
def no_v_reset(place: Place) -> str:
    path = written_by("LIF", **LIF)
    with h5py.File(path, "a") as file:
        del file["node/nodes/1/v_reset"]
    return place.command("check", path, "--dt", "0.01")


@triggers("ND161")
def read_by_dialect(place: Place) -> str:
    return place.command("check", written_by("CubaLIF", **CUBA), "--dt", "0.01", "--dialect", "norse")


@triggers("ND162")
def another_dialect(place: Place) -> str:
    path = written_by("CubaLIF", **CUBA)
    return place.command("check", path, "--dt", "0.01", "--dialect", "rockpool:spikes=single")


@triggers("ND163")
def more_than_can_be_held(place: Place) -> str:
    path = written_by("LIF", **LIF | {"tau": 20.0})
    return place.command("check", path, "--dt", "0.01", "--dialect", "sinabs:reset=zero,spikes=multi")


# ---- networks for other readers


@triggers("ND170")
def not_for_a_reader(place: Place) -> str:
    return place.command("nir", place.nir(), "--for", "snntorch", "-o", "net.nir")


@triggers("ND171")
def no_such_reader(place: Place) -> str:
    return place.command("nir", place.nir(), "--for", "snntroch", "-o", "net.nir")
