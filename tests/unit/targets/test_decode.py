"""What a program stands for is read from the program, whatever the network says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection
from neurodeploy.targets.loihi.decode import float_rungs
from neurodeploy.targets.registry import load_target
from neurodeploy.verify.ladder import same

DT_S = 1e-3


def test_a_synapse_that_only_the_program_has_is_on_its_rung() -> None:
    one = np.ones(3)
    neurons = Population(
        name="n", model=NeuronModel.IF, tau_s=one, v_threshold=one, v_leak=0 * one, v_reset=0 * one,
        r=one / DT_S, tau_syn_s=one, w_in=one, bias=0 * one,
    )  # fmt: skip
    wires = Projection.from_synapses(
        source=INPUT, target="n", shape=(3, 4), post=[0, 1, 2], pre=[0, 1, 3], weight=[1.0, 2.0, 0.5],
        delay_s=[2 * DT_S, DT_S, 3 * DT_S],
    )  # fmt: skip
    graph = Graph(name="g", dt_s=DT_S, input_size=4, populations=(neurons,), projections=(wires,))
    program = load_target("loihi").lower(graph).program
    *_, weights, last = (rung.graph for rung in float_rungs(graph, program))
    assert same(weights, last)
    (fixed,) = program.projections
    changed = np.array(fixed.weight), np.array(fixed.delay_steps)
    changed[0][0, 2, 0], changed[1][0, 2, 0] = 8, 5
    tampered = replace(program, projections=(replace(fixed, weight=changed[0], delay_steps=changed[1]),))
    rungs = float_rungs(graph, tampered)
    found, known = rungs[3].graph.projections[0], last.projections[0]
    assert (len(found.listed), len(known.listed)) == (4, 3)
    assert found.weight[0, 2, 0] == 8 * known.weight[0, 0, 0] / fixed.weight[0, 0, 0]
    assert found.synapses(DT_S).delay_steps[-2:].tolist() == [6, 3]
    assert not same(rungs[2].graph, rungs[3].graph)
