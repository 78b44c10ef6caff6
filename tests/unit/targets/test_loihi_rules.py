"""Rules of Loihi, on both sides of every limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.findings.finding import exit_code_of
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.targets.loihi.rules import cores_at_least, graph_rules, rules
from neurodeploy.targets.registry import load_target

LIMITS = load_target("loihi2").limits
KEYS = ("dv", "du", "vth", "bias_mantissa", "bias_exponent", "v_initial", "group")


POSITIVE = ((10, 20), (30, 40))


def program(weight=POSITIVE, delay=0, exponent=0, input_max=1, spiking=True, **values) -> FixedGraph:
    weight = np.array(weight, dtype=np.int32).reshape((1, 2, 2))
    arrays = {key: np.broadcast_to(np.int32(values.get(key, 0)), (2,)) for key in KEYS}
    hidden = FixedPopulation(
        name="hidden", spiking=spiking, scale=np.ones(2), origin=np.zeros(2), latency_steps=0, **arrays
    )
    synapses = FixedProjection(
        source=INPUT,
        target="hidden",
        weight=weight,
        exponent=exponent,
        delay_steps=np.broadcast_to(np.int32(delay), weight.shape),
    )
    return FixedGraph(
        name="net",
        dt_s=1e-3,
        input_size=2,
        input_max=input_max,
        populations=(hidden,),
        projections=(synapses,),
    )


def codes(found: FixedGraph) -> list[str]:
    return [finding.code for finding in rules(found, LIMITS)]


@pytest.mark.parametrize(
    ("inside", "outside", "code"),
    [
        ({"delay": 62}, {"delay": 63}, "ND201"),
        ({"exponent": 7}, {"exponent": 8}, "ND203"),
        ({"exponent": -7}, {"exponent": -8}, "ND203"),
        ({"dv": 4095}, {"dv": 4096}, "ND204"),
        ({"dv": 0}, {"dv": -1}, "ND204"),
        ({"du": 4095}, {"du": 4096}, "ND204"),
        ({"du": 0}, {"du": -1}, "ND204"),
        ({"vth": 131071}, {"vth": 131072}, "ND205"),
        ({"vth": 0}, {"vth": -1}, "ND205"),
        ({"vth": 131071, "spiking": False}, {"vth": 131070, "spiking": False}, "ND205"),
        ({"bias_mantissa": 4095}, {"bias_mantissa": 4096}, "ND206"),
        ({"bias_mantissa": -4096}, {"bias_mantissa": -4097}, "ND206"),
        ({"bias_exponent": 7}, {"bias_exponent": 8}, "ND206"),
        ({"v_initial": 2**23 - 1}, {"v_initial": 2**23}, "ND208"),
        ({"v_initial": 1 - 2**23}, {"v_initial": -(2**23)}, "ND208"),
        ({"input_max": 255}, {"input_max": 256}, "ND209"),
        ({"weight": ((255, 1), (0, 7))}, {"weight": ((256, 1), (0, 7))}, "ND202"),
        ({"weight": ((-255, -1), (0, -7))}, {"weight": ((-256, -1), (0, -7))}, "ND202"),
        ({"weight": ((254, -256), (2, 0))}, {"weight": ((256, -256), (2, 0))}, "ND202"),
        ({"weight": ((254, -256), (2, 0))}, {"weight": ((254, -258), (2, 0))}, "ND202"),
        ({"weight": ((254, -256), (2, 0))}, {"weight": ((254, -256), (3, 0))}, "ND202"),
    ],
)
def test_a_rule_holds_up_to_its_limit_and_not_beyond(inside: dict, outside: dict, code: str) -> None:
    assert codes(program(**inside)) == []
    assert codes(program(**outside)) == [code]


def test_delays_of_synapses_that_do_not_exist_do_not_count() -> None:
    assert codes(program(weight=((1, 0), (1, 1)), delay=((0, 99), (0, 0)))) == []


def test_the_sign_is_that_of_each_connection_and_not_of_the_projection() -> None:
    odd = ((1, 3), (-5, -7))
    assert codes(program(weight=odd)) == ["ND202"]
    assert codes(program(weight=odd, group=(0, 1))) == []


@pytest.mark.parametrize(("n_groups", "expected"), [(8, []), (9, ["ND207"])])
def test_tau_groups_are_counted(n_groups: int, expected: list[str]) -> None:
    group = np.arange(20, dtype=np.int32) % n_groups
    net = program()
    own = {key: np.zeros(20, dtype=np.int32) for key in KEYS}
    hidden = replace(net.populations[0], **{**own, "group": group}, scale=np.ones(20), origin=np.zeros(20))
    net = replace(net, populations=(hidden,), projections=())
    assert codes(net) == expected


def test_a_finding_names_the_worst_neuron_the_value_the_limit_and_its_source() -> None:
    (finding,) = rules(program(vth=(131072, 140000)), LIMITS)
    assert finding.where == "net.hidden.vth[1], worst of 2"
    assert finding.found.startswith("140000")
    assert "131071" in finding.limit and "lava-nc" in finding.limit
    assert exit_code_of([finding]) == 3


def test_every_broken_rule_is_told_at_once() -> None:
    assert codes(program(delay=63, dv=5000, vth=-1)) == ["ND201", "ND204", "ND205"]


def small_chip(**values: int):
    limits = {name: replace(LIMITS[name], value=value) for name, value in values.items()}
    return {**LIMITS, **limits}


def test_cores_are_bounded_below_by_neurons_and_by_synapses() -> None:
    net = program(delay=((0, 1), (0, 0)))
    assert cores_at_least(net, small_chip(neurons_per_core=1)) == 2
    assert cores_at_least(net, small_chip(synapse_bytes_per_core=8)) == 1
    assert cores_at_least(net, small_chip(synapse_bytes_per_core=7)) == 2
    assert cores_at_least(program(), small_chip(synapse_bytes_per_core=4)) == 1


def test_a_network_that_cannot_fit_the_chip_is_refused() -> None:
    net = program()
    assert not list(rules(net, small_chip(neurons_per_core=1, cores=2, neurons_per_chip=2)))
    found = [f.code for f in rules(net, small_chip(neurons_per_core=1, cores=1, neurons_per_chip=1))]
    assert found == ["ND211", "ND210"]


def graph(delay_s: float, weight: float = 1.0, input_max: int = 1) -> Graph:
    one = np.ones(1)
    cell = Population(
        name="hidden",
        model=NeuronModel.LIF,
        tau_s=one,
        v_threshold=one,
        v_leak=one,
        v_reset=one,
        r=one,
        tau_syn_s=one,
        w_in=one,
        bias=one,
    )
    synapse = Projection(
        source=INPUT,
        target="hidden",
        weight=np.full((1, 1, 1), weight),
        delay_s=np.full((1, 1, 1), delay_s),
    )
    return Graph(
        name="net", dt_s=1e-3, input_size=1, populations=(cell,), projections=(synapse,), input_max=input_max
    )


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        (graph(0.063), []),
        (graph(0.0634), []),
        (graph(0.0635), ["ND201"]),
        (graph(0.064), ["ND201"]),
        (graph(0.064, weight=0), []),
        (graph(0.0, input_max=256), ["ND209"]),
    ],
)
def test_float_networks_are_checked_before_they_are_quantised(net: Graph, expected: list[str]) -> None:
    assert [finding.code for finding in graph_rules(net, LIMITS)] == expected
