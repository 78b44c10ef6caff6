"""Layers against plain loops in NumPy, Norse's cells and DCLS: whole sequences, parts and single steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from DCLS.construct.modules import Dcls1d
from norse.torch import LIBoxCell, LIFBoxCell, LIFCell, LIFParameters, SequentialState
from norse.torch.functional.leaky_integrator_box import LIBoxParameters
from norse.torch.functional.lif_box import LIFBoxParameters
from torch import Tensor, nn

from neurodeploy.nn import LI, LIF, CubaLIF, DelayLinear, Dense, Recurrent, Stepwise, TemporalConv, naive
from neurodeploy.ops.delays.bell import DCLS_SIGMA_OFFSET

N_STEPS, BATCH, SOURCES, TARGETS = 13, 2, 5, 4


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spikes(seed: int = 1) -> Tensor:
    return (torch.rand(N_STEPS, BATCH, SOURCES, generator=generator(seed)) < 0.4).double()


def currents(seed: int = 2, size: int = TARGETS) -> Tensor:
    return torch.randn(N_STEPS, BATCH, size, generator=generator(seed)).double() * 3 + 1


def delays(**more: object) -> DelayLinear:
    return DelayLinear(SOURCES, TARGETS, max_delay_steps=4, generator=generator(), **more)  # type: ignore[arg-type]


SYNAPSES: dict[str, Callable[[], nn.Module]] = {
    "synaptic": delays,
    "axonal": lambda: delays(mode="axonal"),
    "dendritic": lambda: delays(mode="dendritic"),
    "triangle": lambda: delays(kernel="triangle", sigma_steps=1.3),
    "sparse": lambda: delays(density=0.5, min_delay_steps=1),
    "evaluated": lambda: delays().eval(),
    "fixed": lambda: delays(learn=False, mode="axonal"),
    "convolution": lambda: TemporalConv(SOURCES, TARGETS, n_taps=3, dilation=2, generator=generator()),
    "dense": lambda: Dense(SOURCES, TARGETS, generator=generator()),
}
TAU = [0.02, 0.05, 0.08, 0.2]
NEURONS: dict[str, Callable[[], nn.Module]] = {
    "lif": lambda: LIF(TARGETS, tau_s=0.03, dt_s=0.01, v_reset=-0.3, v_leak=0.1),
    "lif-soft": lambda: LIF(TARGETS, tau_s=TAU, dt_s=0.01, reset="soft", v_threshold=0.7),
    "lif-learned": lambda: LIF(TARGETS, tau_s=TAU, dt_s=0.01, learn_tau="neuron"),
    "cuba": lambda: CubaLIF(TARGETS, tau_s=TAU, tau_syn_s=0.025, dt_s=0.01),
    "cuba-learned": lambda: CubaLIF(
        TARGETS, tau_s=TAU, tau_syn_s=TAU, dt_s=0.01, learn_tau="layer", learn_tau_syn="neuron", v_leak=-0.1
    ),
}
BACK: dict[str, Callable[[], Recurrent]] = {
    "one step": lambda: Recurrent(LIF(TARGETS, tau_s=TAU, dt_s=0.01), dense_back()),
    "delays": lambda: Recurrent(LIF(TARGETS, tau_s=TAU, dt_s=0.01, reset="soft"), delays_back()),
    "three at once": lambda: Recurrent(
        CubaLIF(TARGETS, tau_s=TAU, tau_syn_s=0.02, dt_s=0.01), delays_back(), lag_steps=3
    ),
    "evaluated": lambda: Recurrent(LIF(TARGETS, tau_s=TAU, dt_s=0.01), delays_back(), lag_steps=2).eval(),
}


def dense_back() -> Dense:
    return Dense(TARGETS, TARGETS, gain=2.0, generator=generator(3))


def delays_back() -> DelayLinear:
    return DelayLinear(TARGETS, TARGETS, max_delay_steps=3, sigma_steps=0.8, gain=2.0, generator=generator(3))


def in_parts(layer: nn.Module, x: Tensor, sizes: list[int]) -> Tensor:
    """Compute a sequence in parts that carry the state."""
    state, found = None, []
    for piece in x.split(sizes):
        y, state = layer.part(piece, state)
        found.append(y)
    return torch.cat(found)


def by_steps(layer: nn.Module, x: Tensor) -> Tensor:
    state, found = None, []
    for xt in x:
        y, state = layer.step(xt, state)
        found.append(y)
    return torch.stack(found)


@pytest.mark.parametrize("name", SYNAPSES)
def test_synapses_are_their_definition_whole_in_parts_and_by_steps(name: str) -> None:
    layer, x = SYNAPSES[name]().double(), spikes()
    expected = torch.from_numpy(naive.synaptic_layer(layer, x.numpy()))
    assert expected.abs().max() > 0.5
    for found in (layer(x), in_parts(layer, x, [6, 1, 4, 2]), by_steps(layer, x)):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NEURONS)
def test_neurons_are_their_definition_and_parts_and_steps_are_the_same_bits(name: str) -> None:
    layer, x = NEURONS[name]().double(), currents()
    whole, v = layer(x, return_v=True)
    for found, expected in zip((whole, v), naive.lif(layer, x.numpy()), strict=True):
        torch.testing.assert_close(found, torch.from_numpy(expected), rtol=1e-12, atol=1e-12)
    assert 0.05 < whole.mean() < 0.95
    assert torch.equal(in_parts(layer, x, [6, 1, 4, 2]), whole)
    assert torch.equal(by_steps(layer, x), whole)


def test_integrators_are_their_definition() -> None:
    layer, x = LI(TARGETS, tau_s=TAU, dt_s=0.01, v_leak=0.2).double(), currents()
    torch.testing.assert_close(layer(x), torch.from_numpy(naive.li(layer, x.numpy())), rtol=1e-12, atol=1e-12)
    assert torch.equal(in_parts(layer, x, [5, 8]), layer(x))
    assert torch.equal(by_steps(layer, x), layer(x))


@pytest.mark.parametrize("name", BACK)
def test_recurrent_layers_are_their_definition_whole_in_parts_and_by_steps(name: str) -> None:
    layer, x = BACK[name]().double(), currents() * 0.5
    spikes_, voltages = layer(x, return_v=True)
    for found, expected in zip((spikes_, voltages), naive.recurrent(layer, x.numpy()), strict=True):
        torch.testing.assert_close(found, torch.from_numpy(expected), rtol=1e-9, atol=1e-9)
    assert not torch.equal(layer.neurons(x), spikes_), "nothing was heard"
    assert torch.equal(in_parts(layer, x, [6, 1, 4, 2]), spikes_)
    assert torch.equal(by_steps(layer, x), spikes_)


@pytest.mark.parametrize("name", ["lif-learned", "cuba-learned"])
def test_a_gradient_goes_through_the_state_from_part_to_part(name: str) -> None:
    layer, x = NEURONS[name]().double(), currents().requires_grad_()
    up = currents(5)
    grads = [
        torch.autograd.grad((found * up).sum(), [x, *layer.parameters()])
        for found in (layer(x), in_parts(layer, x, [6, 1, 4, 2]), by_steps(layer, x))
    ]
    assert grads[0][0][0].abs().max() > 0
    for other in grads[1:]:
        torch.testing.assert_close(other, grads[0], rtol=1e-9, atol=1e-12)


def norse_steps(cell: nn.Module, x: Tensor) -> Tensor:
    state, found = None, []
    for xt in x:
        y, state = cell(xt, state)
        found.append(y)
    return torch.stack(found)


def test_neurons_are_norses_cells_step_by_step() -> None:
    x, inverse = currents(), 1 / torch.tensor(TAU).double()
    box = LIFBoxCell(LIFBoxParameters(tau_mem_inv=inverse, v_th=torch.tensor(0.8)), dt=0.01)
    filtered = LIFCell(LIFParameters(tau_mem_inv=inverse, tau_syn_inv=torch.tensor(40.0)), dt=0.01)
    leaky = LIBoxCell(LIBoxParameters(tau_mem_inv=inverse), dt=0.01)
    ours = (
        LIF(TARGETS, tau_s=TAU, dt_s=0.01, v_threshold=0.8),
        CubaLIF(TARGETS, tau_s=TAU, tau_syn_s=0.025, dt_s=0.01),
        LI(TARGETS, tau_s=TAU, dt_s=0.01),
    )
    for cell, layer in zip((box, filtered, leaky), ours, strict=True):
        expected, found = norse_steps(cell, x).detach(), layer.double()(x)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)  # tau_s is held in float32
        assert expected.std() > 0.1


@pytest.mark.parametrize("kernel", ["gauss", "triangle"])
def test_a_delay_layer_in_training_is_dcls(kernel: str) -> None:
    sig = 1.4
    sigma = sig + DCLS_SIGMA_OFFSET if kernel == "gauss" else sig
    layer = delays(kernel=kernel, sigma_steps=sigma).double()
    n = layer.n_slots
    version = "gauss" if kernel == "gauss" else "max"
    rival = Dcls1d(SOURCES, TARGETS, 1, dilated_kernel_size=n, bias=False, version=version).double()
    with torch.no_grad():
        rival.weight.copy_(layer.weight[0, ..., None])
        rival.P.copy_(((n - 1) - n // 2 - layer.delay)[..., None])
        rival.SIG.fill_(sig)
    x = spikes()
    expected = rival(nn.functional.pad(x.permute(1, 2, 0), (n - 1, 0))).permute(2, 0, 1)
    for found in (layer(x), by_steps(layer, x)):
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_norses_sequential_state_carries_the_states_of_single_steps() -> None:
    layers = [delays().double(), LIF(TARGETS, tau_s=TAU, dt_s=0.01).double(), dense_back().double()]
    x = spikes() * 6  # strong enough to make spikes
    whole = SequentialState(*layers)
    assert whole.stateful_layers == [False, False, False]
    expected, _ = whole(x)
    stepping = SequentialState(*map(Stepwise, layers), LIFBoxCell(dt=0.01))
    assert stepping.stateful_layers == [True] * 4
    plain = SequentialState(*map(Stepwise, layers))
    torch.testing.assert_close(norse_steps(plain, x), expected, rtol=1e-9, atol=1e-9)
    cell = LIFBoxCell(dt=0.01)
    torch.testing.assert_close(norse_steps(stepping, x), norse_steps(cell, expected))
    assert np.count_nonzero(expected.detach().numpy()) > 10
