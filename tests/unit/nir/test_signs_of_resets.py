"""Files that look like NIR's own and lost their writer's reset or filter: seen, and asked about."""

from __future__ import annotations

from itertools import pairwise

import nir
import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.nir.read import from_nir

DT_S = 1e-3
ONES = np.ones(2)


def of(neurons: nir.NIRNode, *, name: str = "1", biased: bool = True) -> nir.NIRGraph:
    weight = nir.Affine(np.full((2, 2), 0.3), 0.1 * ONES) if biased else nir.Linear(np.full((2, 2), 0.3))
    named = {
        "input": nir.Input(np.array([2])),
        "0": weight,
        name: neurons,
        "output": nir.Output(np.array([2])),
    }
    return nir.NIRGraph(named, list(pairwise(named)))


def lif(r: float, tau: float = 0.02, v_reset: float = 0.0) -> nir.LIF:
    return nir.LIF(tau=tau * ONES, r=r * ONES, v_leak=0 * ONES, v_threshold=ONES, v_reset=v_reset * ONES)


def asked(graph: nir.NIRGraph, dt_s: float = DT_S) -> str:
    with pytest.raises(NeurodeployError) as error:
        from_nir(graph, dt_s)
    (finding,) = error.value.findings
    assert finding.code == "ND155"
    return finding.help


def test_a_lif_of_norse_is_asked_about_because_norse_exports_no_reset():
    graph = of(lif(1.0))
    assert "--dialect norse" in asked(graph)
    assert from_nir(graph, DT_S, dialect="norse:v_reset=-0.5").populations[0].v_reset.tolist() == [-0.5, -0.5]
    assert from_nir(graph, DT_S, dialect="nir").populations[0].v_reset.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "graph",
    [of(lif(1.0), name="hidden"), of(lif(1.0), biased=False), of(lif(1.0, v_reset=-0.5)), of(lif(0.7))],
    ids=["other names", "weights without bias", "a reset", "another r"],
)
def test_what_norse_does_not_write_is_not_asked_about(graph):
    assert from_nir(graph, DT_S).populations[0].size == 2


def test_a_lif_of_rockpool_is_known_by_its_r():
    gain = 0.02 / DT_S * np.exp(-DT_S / 0.02)
    assert "--dialect rockpool" in asked(of(lif(gain), name="1_LIFNeuronTorch"))
    assert from_nir(of(lif(0.02 / DT_S), name="a"), DT_S).populations[0].size == 2


def test_an_if_of_spyx_is_known_by_its_name_in_steps_of_one():
    neurons = nir.IF(r=ONES, v_threshold=ONES, v_reset=0 * ONES)
    assert "--dialect spyx" in asked(of(neurons, name="layer_1"), 1.0)
    assert from_nir(of(neurons, name="layer_one"), 1.0).populations[0].size == 2


def test_sinabs_counts_the_whole_input_of_an_exp_leak_by_default_and_a_part_of_a_lifs():
    said = "sinabs:reset=zero,spikes=single"
    keep = np.exp(-1 / 8)
    for neurons, by_default in (
        (nir.LI(tau=8 * ONES, r=ONES, v_leak=0 * ONES), 1 / (1 - keep)),
        (lif(1.0, tau=8.0), 1.0),
    ):
        for option, r in (("", by_default), (",norm_input=yes", 1.0), (",norm_input=no", 1 / (1 - keep))):
            population = from_nir(of(neurons), 1.0, dialect=said + option).populations[0]
            np.testing.assert_allclose(population.r, r, rtol=1e-12)


def test_a_filter_that_sinabs_left_out_cannot_be_read():
    with pytest.raises(NeurodeployError) as error:
        from_nir(of(lif(1.0, tau=8.0)), 1.0, dialect="sinabs:reset=zero,spikes=single,tau_syn=lost")
    assert [finding.code for finding in error.value.findings] == ["ND163"]
