"""Scans of neurons: Norse's own step functions are the definition."""

import math
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from norse.torch.functional.lif import LIFFeedForwardState, LIFParameters, lif_feed_forward_step
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters, lif_box_feed_forward_step
from norse.torch.functional.reset import reset_subtract, reset_value

from neurodeploy.ops.scan import naive, scans
from neurodeploy.ops.scan.scans import li_scan, lif_box_scan, lif_scan
from neurodeploy.ops.scan.surrogate import NORSE_SURROGATES, derivative, spike_function

ALPHA = torch.tensor([0.1, 0.5, 0.99, 1.3], dtype=torch.float64)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep small tensors off the thread pool, which stalls where other programs hold the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def drive(*, seed: int = 0) -> torch.Tensor:
    """Make an input that spikes often."""
    return torch.randn(25, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 3


@pytest.mark.parametrize("surrogate", NORSE_SURROGATES)
@pytest.mark.parametrize("reset", ["value", "subtract"])
def test_lif_box_is_norse_stepped(surrogate: str, reset: str) -> None:
    x, alpha = drive().requires_grad_(), ALPHA.clone().requires_grad_()
    method = {"value": reset_value, "subtract": reset_subtract}[reset]
    p = LIFBoxParameters(
        alpha / 0.001, *torch.tensor([0.1, 0.8, -0.2], dtype=torch.float64), surrogate, 2.0, method
    )
    state = LIFBoxFeedForwardState(v=torch.tensor(0.1, dtype=torch.float64))
    spikes, voltages = [], []
    for xt in x.unbind(0):
        z, state = lif_box_feed_forward_step(xt, state, p, dt=0.001)
        spikes.append(z)
        voltages.append(state.v)
    expected = (torch.stack(spikes), torch.stack(voltages))
    actual = lif_box_scan(
        x, alpha, 0.8, -0.2, 0.1, surrogate=surrogate, surrogate_alpha=2.0, reset=reset, return_v=True
    )
    assert torch.equal(actual[0], expected[0])
    assert actual[0].any()
    torch.testing.assert_close(actual[1], expected[1])
    grads = [torch.autograd.grad((z * v + z).sin().sum(), (x, alpha)) for z, v in (actual, expected)]
    torch.testing.assert_close(*grads)


def test_lif_is_norse_stepped_and_an_input_reaches_the_voltage_in_its_own_step() -> None:
    x, alpha = drive().requires_grad_(), ALPHA.clone().requires_grad_()
    synaptic = ALPHA.flip(0).clone().requires_grad_()
    p = LIFParameters(
        synaptic, alpha, *torch.tensor([0.1, 0.8, -0.2], dtype=torch.float64), "tanh", torch.tensor(2.0)
    )
    state = LIFFeedForwardState(v=torch.tensor(0.1, dtype=torch.float64), i=torch.zeros(4).double())
    spikes, voltages = [], []
    for xt in x.unbind(0):
        z, state = lif_feed_forward_step(xt, state, p, dt=1.0)
        spikes.append(z)
        voltages.append(state.v)
    expected = (torch.stack(spikes), torch.stack(voltages))
    actual = lif_scan(
        x, alpha, synaptic, 0.8, -0.2, 0.1, surrogate="tanh", surrogate_alpha=2.0, return_v=True
    )
    assert torch.equal(actual[0], expected[0])
    torch.testing.assert_close(actual[1], expected[1])
    grads = [
        torch.autograd.grad((z * v + z).sin().sum(), (x, alpha, synaptic)) for z, v in (actual, expected)
    ]
    torch.testing.assert_close(*grads)

    first = lif_scan(torch.ones(1, 1, 1), torch.tensor(0.1), torch.tensor(0.2), return_v=True)[1]
    assert float(first) == pytest.approx(0.1)


@pytest.mark.parametrize("surrogate", ["atan", "box"])
def test_our_surrogates_have_the_published_derivatives(surrogate: str) -> None:
    x = torch.linspace(-2, 2, 401, dtype=torch.float64)
    expected = {
        "atan": 2.5 / (1 + (math.pi / 2 * 5 * x) ** 2),
        "box": (x.abs() <= 0.5).double(),
    }[surrogate]
    torch.testing.assert_close(derivative(x, surrogate, {"atan": 5.0, "box": 0.5}[surrogate]), expected)


@pytest.mark.parametrize("surrogate", ["box", "triangle"])
def test_a_wider_surrogate_keeps_its_place_in_the_scan(surrogate: str) -> None:
    x = drive(seed=3).requires_grad_()
    grads = []
    for twin in (scans, naive):
        z = twin.lif_box_scan(x, ALPHA, surrogate=surrogate, surrogate_alpha=0.25)
        grads.append(torch.autograd.grad(z.sum(), x)[0])
    assert grads[0].any()
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize("twin", [scans, naive], ids=["fast", "naive"])
def test_a_voltage_at_the_threshold_does_not_spike(twin: ModuleType) -> None:
    x = torch.tensor([1.0, 1.0 + 2**-20]).view(1, 1, 2)
    z = twin.lif_box_scan(x, torch.tensor(1.0), 1.0)
    assert z.flatten().tolist() == [0.0, 1.0]
    assert spike_function("atan", 5.0)(torch.tensor([0.0, 1e-6])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("twin", [scans, naive], ids=["fast", "naive"])
@pytest.mark.parametrize("checkpoint_steps", [1, 7, 25])
def test_checkpoints_change_no_value(checkpoint_steps: int, twin: ModuleType) -> None:
    x, alpha = drive(seed=1).requires_grad_(), ALPHA.clone().requires_grad_()
    results = []
    for steps in (None, checkpoint_steps):
        z, v = twin.lif_scan(x, alpha, ALPHA, return_v=True, surrogate="atan", checkpoint_steps=steps)
        results.append((z, v, *torch.autograd.grad((z * v + v).sin().sum(), (x, alpha))))
    torch.testing.assert_close(*results)


def test_detaching_the_reset_changes_the_gradient_and_nothing_else() -> None:
    x = drive(seed=2).requires_grad_()
    results = []
    for detach in (False, True):
        z = lif_box_scan(x, ALPHA, surrogate="atan", detach_reset=detach)
        results.append((z, torch.autograd.grad(z.sum(), x)[0]))
    assert torch.equal(results[0][0], results[1][0])
    assert not torch.allclose(results[0][1], results[1][1])


def test_a_readout_settles_at_its_input_and_never_resets() -> None:
    v = li_scan(torch.full((400, 1, 1), 50.0), torch.tensor([0.1]), 2.0)
    assert float(v[0]) == pytest.approx(2.0 + 0.1 * 50.0)
    assert float(v[-1]) == pytest.approx(52.0)


def test_threads_share_the_work_without_changing_it() -> None:
    x, alpha = torch.randn(20, 7, 5, requires_grad=True), torch.full((5,), 0.3, requires_grad=True)
    results = []
    for n in (1, 2):
        torch.set_num_threads(n)
        z = lif_box_scan(x, alpha, surrogate="atan")
        results.append((z, *torch.autograd.grad(z.sum(), (x, alpha))))
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_wrong_arguments_are_refused() -> None:
    x, alpha = torch.zeros(2, 1, 1), torch.tensor(0.5)
    with pytest.raises(ValueError, match="surrogate is one of"):
        lif_box_scan(x, alpha, surrogate="logistic")
    with pytest.raises(ValueError, match="reset is"):
        lif_box_scan(x, alpha, reset="soft")
    with pytest.raises(ValueError, match="current is"):
        lif_scan(x[0], alpha, alpha)
