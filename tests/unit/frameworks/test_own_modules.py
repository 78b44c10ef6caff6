"""A user's own module becomes a network that does what the module does; a reader that errs is found out."""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from pathlib import Path

import norse.torch as norse
import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.frameworks import chain
from neurodeploy.graph.neurons import NeuronModel

sys.path.insert(0, str(Path(__file__).parent))
from own_networks import DT_S, NETWORKS, SOURCES, box, lif, made, own_output, row, samples


@pytest.mark.parametrize("name", NETWORKS)
def test_a_module_is_read_as_what_it_does(name: str) -> None:
    module, told = made(name)
    found = nd.from_module(module, samples(), **told)  # P1 is held here: spikes equal, v within 1e-9
    assert all(
        trace.spikes.any(axis=(0, 1)).mean() > 0.2
        for p, trace in zip(found.graph.populations, found.traces.populations.values(), strict=True)
        if p.model.spiking
    ), "too few neurons spike for the comparison to mean anything"
    # what was recorded is what a user gets who runs the module in float32
    own = own_output(module, found.spikes, told["input_shape"])
    last = found.traces.populations[found.graph.populations[-1].name]
    same = last.spikes == own if found.graph.populations[-1].model.spiking else abs(last.v - own) < 1e-4
    assert same.mean() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_accuracy_is_that_of_the_module_itself(name: str) -> None:
    module, told = made(name)
    given = samples(200, seed=1)
    own = own_output(module, given.spikes, told["input_shape"])
    spiking = name == "spikes decide"
    decided = own.sum(axis=1) if spiking else torch.from_numpy(own).softmax(-1).sum(1).numpy()
    # the module's own decisions as labels, a tenth of them wrong: its accuracy is 90 %
    labels = decided.argmax(axis=-1)
    labels[::10] = (labels[::10] + 1) % 3
    found = nd.from_module(module, nd.Samples(given.spikes, labels), **told)
    reached = nd.accuracy(found.samples, nd.simulate(found.graph, found.samples))
    assert reached is not None
    assert abs(100 * reached - 90.0) <= 0.1
    assert abs(found.facts["module_accuracy_percent"] - 90.0) <= 0.1


BROKEN = {
    "v_leak dropped": {"v_leak": lambda p: p.v_leak * 0},
    "v_reset dropped": {"v_reset": lambda p: p.v_reset * 0},
    "tau twice as long": {"tau_s": lambda p: p.tau_s * 2},
    "tau_syn for tau": {"tau_s": lambda p: p.tau_syn_s},
    "w_in of 1, as Norse writes it": {"w_in": lambda p: p.w_in * 0 + 1},
    "v moved by the current of the step before": {"w_in": lambda p: p.w_in * (1 - DT_S / p.tau_syn_s)},
    "threshold of one neuron for all": {"v_threshold": lambda p: p.v_threshold * 0 + p.v_threshold[0]},
    "bias dropped": {"bias": lambda p: p.bias * 0},
    "bias of the wrong sign": {"bias": lambda p: -p.bias},
    "no filter": {"model": lambda p: NeuronModel.LIF if p.model.spiking else NeuronModel.LI},
}


@pytest.mark.parametrize("bug", BROKEN)
def test_a_reader_with_a_bug_is_found_out(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = chain.norse_population

    def wrong(*given, **told):
        population = right(*given, **told)
        return replace(population, **{key: change(population) for key, change in BROKEN[bug].items()})

    monkeypatch.setattr(chain, "norse_population", wrong)
    module, told = made("cells with a current, parameters for each neuron")
    with pytest.raises(NeurodeployError, match="ND470"):
        nd.from_module(module, samples(), **told)


def test_a_tau_in_milliseconds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = chain.norse_population

    def wrong(*given, **told):
        population = right(*given, **told)
        return replace(population, tau_s=population.tau_s / 1000)

    monkeypatch.setattr(chain, "norse_population", wrong)
    module, told = made("box cells, one parameter each")
    with pytest.raises(NeurodeployError, match="ND102"):
        nd.from_module(module, samples(), **told)


@pytest.mark.parametrize("name", ["recurrent cells", "whole sequences that hear themselves"])
def test_recurrent_weights_that_are_left_out_are_found_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = chain.weights_of
    monkeypatch.setattr(
        chain, "weights_of", lambda module, key: right(module, key) * (key != "recurrent_weights")
    )
    module, told = made(name)
    with pytest.raises(NeurodeployError, match="ND470"):
        nd.from_module(module, samples(), **told)


def test_the_module_stays_as_it_is_in_weights_mode_and_hooks() -> None:
    module, told = made("norms")
    module.train()
    before, modes = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
    parameters = [part.p for part in module.modules() if hasattr(part, "p")]
    torch.manual_seed(5)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    nd.from_module(module, samples(), **told)
    assert torch.equal(torch.rand(1), drawn)
    after = module.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert [part.training for part in module.modules()] == modes
    assert parameters == [part.p for part in module.modules() if hasattr(part, "p")]
    assert not any(part._forward_hooks for part in module.modules())


def test_one_layer_in_two_places_is_two_populations_with_their_own_traces() -> None:
    torch.manual_seed(3)
    weights, cell = nn.Linear(12, 12), norse.LIFBoxCell(box(v_th=torch.tensor(0.06)))
    module = row(weights, cell, weights, cell)
    found = nd.from_module(module, samples(), dt_s=DT_S)
    one, other = found.traces.populations.values()
    assert not np.array_equal(one.spikes, other.spikes)


def test_parameters_that_were_computed_of_others_are_read() -> None:
    torch.manual_seed(3)
    learned = nn.Parameter(torch.zeros(8))
    module = row(nn.Linear(12, 8), norse.LIFBoxCell(box(8, tau_mem_inv=100 * torch.exp(learned))))
    found = nd.from_module(module, samples(), dt_s=DT_S)
    assert np.allclose(found.graph.populations[0].tau_s, 0.01)


def linear(*layers: nn.Module) -> nn.Module:
    return row(nn.Linear(SOURCES, 3), *layers)


class Own(nn.Module):
    """A forward that nobody can follow."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.cell = nn.Linear(SOURCES, 3), norse.LIFCell()

    def forward(self, x, state=None):
        return self.cell(self.weights(x).relu(), state)


class Changed(norse.LIFCell):
    """A cell that may do anything."""


REFUSED = {
    "SequentialState.1 torch.nn.ReLU": (lambda: linear(nn.ReLU(), norse.LIFCell(lif())), {}),
    "SequentialState.1 torch.nn.MaxPool1d": (lambda: linear(nn.MaxPool1d(3), norse.LIFCell(lif())), {}),
    "SequentialState.1 norse.torch.IAFCell": (lambda: linear(norse.IAFCell()), {}),
    "SequentialState.1 Changed": (lambda: linear(Changed(lif())), {}),
    "SequentialState.1 reset": (lambda: linear(norse.LIFBoxCell(box(reset_method=norse.reset_subtract))), {}),
    "SequentialState.1 LICell never spikes": (lambda: linear(norse.LICell(), nn.Linear(3, 3)), {}),
    "SequentialState.2 one step at a time": (lambda: linear(norse.LIF(lif()), norse.LIFCell(lif())), {}),
    "SequentialState.1.p.v_th shape [4]": (lambda: linear(norse.LIFCell(lif(v_th=torch.ones(4)))), {}),
    "SequentialState.1 norse.torch.Lift": (
        lambda: linear(nn.BatchNorm1d(3), norse.LIF(lif())),
        {},
    ),
    "SequentialState.1 joins step or batch": (lambda: linear(nn.Flatten(1), norse.LIF(lif())), {}),
    "SequentialState.1 batch": (
        lambda: linear(nn.BatchNorm1d(3, track_running_stats=False), norse.LIFCell(lif())),
        {},
    ),
    "SequentialState.1 no sum": (
        lambda: row(nn.Linear(12, 8), nn.LPPool1d(2, 2), norse.LIFCell(lif())),
        {},
    ),
    "SequentialState.1 bias": (
        lambda: nn.Sequential(
            nn.Linear(12, 4),
            nd.nn.DelayLinear(4, 3, max_delay_steps=3),
            nd.nn.LIF(3, tau_s=0.01, dt_s=DT_S),
        ),
        {},
    ),
    "SequentialState.0 cannot take": (lambda: row(nn.Linear(13, 3), norse.LIFCell(lif())), {}),
    "Own of its own": (Own, {}),
    "SequentialState.0 no neurons": (lambda: row(nn.Linear(12, 3)), {}),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_represented_is_refused_by_path_and_reason(words: str) -> None:
    make, told = REFUSED[words]
    with pytest.raises(NeurodeployError) as caught:
        nd.from_module(make(), samples(4), **{"dt_s": DT_S, **told})
    (finding,) = caught.value.findings
    path, *reason = words.split(" ")
    assert finding.code == "ND140"
    assert finding.where == path.replace("SequentialState", finding.where.partition(".")[0])
    assert " ".join(reason) in f"{finding.found} {finding.help}"


def test_a_cell_with_another_dt_is_refused() -> None:
    with pytest.raises(NeurodeployError, match="ND141") as caught:
        nd.from_module(linear(norse.LIFCell(lif(), dt=0.01)), samples(4), dt_s=DT_S)
    assert caught.value.findings[0].where == "SequentialState.1.dt"


def test_a_module_that_fails_says_its_own_words() -> None:
    broken = linear(norse.LIFCell(lif()._replace(method="no such")))
    with pytest.raises(NeurodeployError, match="no such"):
        nd.from_module(broken, samples(4), dt_s=DT_S)


def test_the_shape_of_the_input_has_to_fit() -> None:
    module = row(nn.Conv2d(1, 2, 3), norse.LIFBoxCell(box()))
    for shape in (None, (2, 2, 2)):
        with pytest.raises(NeurodeployError, match="ND143"):
            nd.from_module(module, samples(4), dt_s=DT_S, input_shape=shape)


def test_counts_need_an_input_maximum() -> None:
    module, told = made("box cells, one parameter each")
    counts = nd.Samples(samples().spikes * 3)
    with pytest.raises(NeurodeployError, match="ND011"):
        nd.from_module(module, counts, **told)
    with pytest.raises(NeurodeployError, match="ND011"):
        nd.export(module, "nowhere", target="loihi2", calibrate=samples(), input_max=0, **told)
    assert nd.from_module(module, counts, input_max=3, **told).graph.input_max == 3


def test_a_score_is_that_of_the_readout() -> None:
    module, told = made("box cells, one parameter each")
    assert nd.from_module(module, samples(), score="max", **told).graph.readout.score == "max"
    with pytest.raises(NeurodeployError, match="ND110"):
        nd.from_module(module, samples(), score="spike_count", **told)


@pytest.mark.slow
def test_a_bundle_of_a_module_says_that_p1_passed_and_with_what(tmp_path) -> None:
    module, told = made("cells with a current, one parameter each")
    bundle = nd.export(module, tmp_path / "b", target="loihi2", calibrate=samples(), dt_s=DT_S, verify=False)
    (p1,) = [check for check in nd.verify(bundle, samples=2).checks if check.name == "P1"]
    assert p1.status.value == "passed"
    assert p1.reason.startswith("spikes equal, v within 1e-09 * max(1, |v|), 16 samples, your module (norse")
    assert told["dt_s"] == bundle.graph.dt_s


def test_a_module_needs_samples_and_a_step_and_takes_nothing_idle(tmp_path) -> None:
    module, _ = made("spikes decide")
    with pytest.raises(NeurodeployError, match="ND080"):
        nd.export(module, tmp_path / "b", target="loihi2")
    with pytest.raises(NeurodeployError, match="ND096"):
        nd.export(module, tmp_path / "b", target="loihi2", calibrate=samples(), dt_s=DT_S, seed=1)
    found = nd.from_module(module, samples(), dt_s=DT_S)
    with pytest.raises(NeurodeployError, match="ND096"):
        nd.export(found, tmp_path / "b", target="loihi2", calibrate=samples())
    with pytest.raises(NeurodeployError, match="ND096"):
        nd.export(found.graph, tmp_path / "b", target="loihi2", input_shape=(3, 4))
    assert not (tmp_path / "b").exists()
