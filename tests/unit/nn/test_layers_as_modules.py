"""Layers as torch modules: saved, copied, moved, compiled, and handed over as pieces of a Graph."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from neurodeploy.graph.interpret import interpret_reference
from neurodeploy.graph.model import Graph, NeuronModel, Readout
from neurodeploy.nn import (
    LI,
    LIF,
    CubaLIF,
    DelayLinear,
    Dense,
    Recurrent,
    TemporalConv,
    TimeConstants,
    over_depth,
    spread,
)
from neurodeploy.recipe.network import Tau
from neurodeploy.training.fit.schedule import Sigma


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def lif(**more: object) -> LIF:
    return LIF(6, tau_s=np.linspace(0.02, 0.07, 6), dt_s=0.01, **more)  # type: ignore[arg-type]


LAYERS: dict[str, Callable[[int], nn.Module]] = {
    "learned": lambda seed: DelayLinear(6, 6, max_delay_steps=4, density=0.5, generator=seeded(seed)),
    "fixed": lambda seed: DelayLinear(6, 6, max_delay_steps=4, learn=False, generator=seeded(seed)),
    "convolution": lambda seed: TemporalConv(6, 6, n_taps=2, dilation=2, generator=seeded(seed)),
    "dense": lambda seed: Dense(6, 6, generator=seeded(seed)),
    "lif": lambda seed: lif(learn_tau="neuron"),
    "cuba": lambda seed: CubaLIF(6, tau_s=0.05, tau_syn_s=0.02, dt_s=0.01, learn_tau="layer"),
    "li": lambda seed: LI(6, tau_s=0.03 + 0.01 * seed, dt_s=0.01),
    "recurrent": lambda seed: Recurrent(
        lif(), DelayLinear(6, 6, max_delay_steps=2, gain=2.0, generator=seeded(seed))
    ),
}


def given() -> torch.Tensor:
    return (torch.rand(9, 3, 6, generator=seeded(7)) < 0.4).float() * 5


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_saved_loaded_and_copied_with_all_that_it_needs(name: str) -> None:
    layer, other, x = LAYERS[name](1), LAYERS[name](2), given()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.1)
    if name == "learned":
        layer.set_sigma(0.7)
    expected = layer(x)
    copied = copy.deepcopy(layer)
    for parameter in layer.parameters():
        parameter.data.zero_()
    assert torch.equal(copied(x), expected)
    assert not torch.equal(other(x), expected) or name in ("lif", "cuba")
    other.load_state_dict(copied.state_dict())
    assert torch.equal(other(x), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_shapes_on_a_device_without_numbers(name: str) -> None:
    layer = LAYERS[name](0)
    expected = layer(given()).shape
    if name == "fixed":  # its delays are numbers, and there are none
        layer.to_empty(device="meta")
        with pytest.raises(NotImplementedError):
            layer(given().to("meta"))
        return
    assert layer.to("meta")(given().to("meta")).shape == expected


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch hides it, unless warnings are errors
@pytest.mark.parametrize("name", LAYERS)
def test_a_compiled_layer_gives_the_same_numbers_or_an_error(name: str) -> None:
    layer, x = LAYERS[name](0), given()
    parameters = list(layer.parameters())
    for whole in (False, True):
        torch._dynamo.reset()
        compiled = torch.compile(layer, backend="eager", fullgraph=whole)
        try:
            found = compiled(x)
        except torch._dynamo.exc.TorchDynamoException:  # it says where it would have to break the graph
            assert whole
            continue
        assert torch.equal(found, layer(x))
        if parameters:
            grads = (torch.autograd.grad(y.square().sum(), parameters) for y in (found, layer(x)))
            assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_a_kernel_narrows_as_a_recipes_does() -> None:
    for schedule in ("exponential", "linear"):
        layer = DelayLinear(3, 3, max_delay_steps=8)
        recipe = Sigma(kind=schedule, start=4.0, end=0.6, epochs=0.4 * 10, n_epochs=10)
        for epoch in range(10):
            layer.narrow(epoch / 10, end=0.6, over=0.4, schedule=schedule)
            part = min(1.0, epoch / 4)
            expected = 4.0 * 0.15**part if schedule == "exponential" else 4.0 - 3.4 * part
            assert float(layer.sigma) == pytest.approx(expected, rel=1e-6)
            assert recipe.at(epoch) == pytest.approx(expected)
        assert layer.width == pytest.approx(0.6)
    with pytest.raises(ValueError, match="schedule"):
        layer.narrow(0.5, schedule="adaptive")


def test_time_constants_over_depth_are_the_papers_and_spread_within_a_layer() -> None:
    assert over_depth(3, tau_s=0.3, dtau_s=0.2, shape="linear") == pytest.approx((0.2, 0.3, 0.4))
    tanh = over_depth(5, tau_s=0.3, dtau_s=0.2)
    by_hand = [np.tanh((x - 0.5) / 0.5) for x in (0, 0.25, 0.5, 0.75, 1)]
    assert tanh == pytest.approx([0.3 + 0.2 * h / (by_hand[-1] - by_hand[0]) for h in by_hand])
    assert Tau(mode="hierarchical", tau_s=0.3, dtau_s=0.2).of_layers(5) == tanh
    drawn = spread(0.3, 4000, relative_sd=0.1, dt_s=0.01, rng=np.random.default_rng(0))
    assert drawn.std() == pytest.approx(0.03, rel=0.05)
    assert LIF(4000, tau_s=drawn, dt_s=0.01).tau.seconds() == pytest.approx(drawn)


@pytest.mark.parametrize("neurons", ["lif", "cuba"])
def test_the_pieces_of_layers_make_the_graph_that_computes_what_they_compute(neurons: str) -> None:
    first = DelayLinear(6, 6, max_delay_steps=4, density=0.6, gain=4.0, generator=seeded(3))
    spiking = (
        lif(learn_tau="neuron", v_reset=-0.2, v_leak=0.1)
        if neurons == "lif"
        else CubaLIF(6, tau_s=0.05, tau_syn_s=TimeConstants(np.full(6, 0.013), 0.01, exact=True), dt_s=0.01)
    )
    back = DelayLinear(6, 6, max_delay_steps=3, mode="axonal", gain=2.0, generator=seeded(4))
    layer = Recurrent(spiking, back, lag_steps=2)
    last, readout = TemporalConv(6, 2, n_taps=2, dilation=3, generator=seeded(5)), LI(2, tau_s=0.1, dt_s=0.01)
    bias = np.linspace(-0.2, 0.4, 6)
    network = nn.ModuleList([first, layer, last, readout]).double().eval()
    graph = Graph(
        name="pieces",
        dt_s=0.01,
        input_size=6,
        populations=(layer.to_population("a", bias=bias), readout.to_population("b")),
        projections=(
            first.to_projection("input", "a", dt_s=0.01),
            layer.to_projection("a"),
            last.to_projection("a", "b", dt_s=0.01),
        ),
        readout=Readout(population="b"),
    )
    x = torch.rand(25, 2, 6, generator=seeded(6)) < 0.3
    with torch.no_grad():
        spikes, v = layer(first(x.double()) + torch.from_numpy(bias), return_v=True)
        out = readout(last(spikes))
    traces = interpret_reference(graph, x.permute(1, 0, 2).numpy().astype(np.uint8)).populations
    assert len(network) == 4 and 0.05 < spikes.mean() < 0.9
    assert np.array_equal(traces["a"].spikes, spikes.permute(1, 0, 2).numpy())
    alone = spiking(first(x.double()) + torch.from_numpy(bias)).detach()
    assert not torch.equal(spikes, alone), "nothing was heard"
    for found, expected in ((traces["a"].v, v), (traces["b"].v, out)):
        np.testing.assert_allclose(found, expected.permute(1, 0, 2).numpy(), rtol=0, atol=1e-9)


def test_fixed_delays_are_the_drawn_ones_to_the_nearest_step() -> None:
    learned, fixed = (
        DelayLinear(9, 8, max_delay_steps=7, learn=learn, generator=seeded(4)) for learn in (True, False)
    )
    drawn = learned.delay.detach().double().numpy()
    assert np.array_equal(fixed.steps.numpy(), np.trunc(drawn + 0.5))
    assert np.abs(drawn - fixed.steps.numpy()).max() <= 0.5


def test_a_soft_reset_is_a_model_of_its_own() -> None:
    assert lif(reset="soft").to_population("a").model is NeuronModel.LIF_SUBTRACT
    assert lif().to_population("a").model is NeuronModel.LIF


def test_states_and_connections_that_do_not_fit_are_refused() -> None:
    x = given()
    with pytest.raises(ValueError, match="a state is v and None"):
        lif().part(x, (torch.zeros(3, 6), torch.zeros(3, 6)))
    with pytest.raises(ValueError, match="a state is v and None"):
        lif().part(x, (torch.zeros(2, 6), None))
    with pytest.raises(ValueError, match="a state is"):
        Dense(6, 6).part(x, torch.zeros(1, 3, 6))
    with pytest.raises(TypeError, match="keep"):  # integrators have no spikes
        LI(6, tau_s=0.1, dt_s=0.01).part(x, keep=torch.ones(3, 6))  # type: ignore[call-arg]
    for connection, lag in ((Dense(6, 5), 1), (Dense(6, 6), 0)):
        with pytest.raises(ValueError, match="recurrent connection"):
            Recurrent(lif(), connection, lag_steps=lag)
