"""Fast training operators agree with their plain twins on random shapes and settings."""

from collections.abc import Iterator, Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.ops import delays, scan, spectral
from neurodeploy.ops.delays import naive as delays_naive
from neurodeploy.ops.scan import naive as scan_naive
from neurodeploy.ops.scan.surrogate import DEFAULT_ALPHA

sizes = st.integers(1, 9)
seeds = st.integers(0, 2**31)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Keep small tensors off the thread pool, which stalls where other programs hold the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_close(actual: Sequence, expected: Sequence, tolerance: float, scales: Sequence = ()) -> None:
    """Compare tensors by their largest value, or by the largest value without cancellation."""
    for a, e, scale in zip(actual, expected, scales or expected, strict=True):
        assert a.shape == e.shape
        assert bool((a - e).abs().max() <= tolerance * scale.abs().max() + 1e-30)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n_slots=st.integers(1, 31), n_in=sizes, n_out=sizes, sigma=st.floats(0.4, 15.0),
       shape=st.sampled_from(["gauss", "triangle"]))  # fmt: skip
def test_kernels(seed: int, n_slots: int, n_in: int, n_out: int, sigma: float, shape: str) -> None:
    torch.manual_seed(seed)
    weight = torch.randn(n_out, n_in, requires_grad=True)
    delay = (torch.rand(n_out, n_in) * (n_slots - 1)).requires_grad_()
    up = torch.randn(n_slots, n_in, n_out)
    kernel = delays.gaussian_kernel(weight, delay, sigma, n_slots, shape=shape)
    actual = (kernel, *torch.autograd.grad(kernel, (weight, delay), up))
    doubles = [p.detach().double().requires_grad_() for p in (weight, delay)]
    kernel = delays_naive.gaussian_kernel(*doubles, sigma, n_slots, shape=shape)
    expected = (kernel, *torch.autograd.grad(kernel, doubles, up.double()))
    # the derivative by the delay is a difference: its scale is that of the terms it is made of
    scale = weight.abs().max() * up.abs().max() / min(sigma, 1.0)
    assert_close(actual, expected, 1e-5, (kernel, up, scale))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=seeds, n_steps=st.integers(1, 50), n_slots=st.integers(1, 31), batch=sizes, n_in=sizes,
       n_out=sizes)  # fmt: skip
def test_projections(seed: int, n_steps: int, n_slots: int, batch: int, n_in: int, n_out: int) -> None:
    torch.manual_seed(seed)
    x = (torch.rand(n_steps, batch, n_in) < 0.3).float().requires_grad_()
    kernel = torch.randn(n_slots, n_in, n_out, requires_grad=True)
    up = torch.randn(n_steps, batch, n_out)
    results = {}
    for name, project in (
        ("dft", spectral.spectral_projection),
        ("dense", delays.dense_projection),
        ("reference", delays_naive.delayed_projection),
    ):
        y = project(x, kernel)
        results[name] = (y, *torch.autograd.grad(y, (x, kernel), up))
    ones = torch.ones_like(x).requires_grad_()
    size = kernel.detach().abs().requires_grad_()
    y = delays.dense_projection(ones, size)
    scales = (y, *torch.autograd.grad(y, (ones, size), up.abs()))
    assert_close(results["dft"], results["reference"], 1e-5, scales)
    assert_close(results["dense"], results["reference"], 1e-5, scales)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    seed=seeds, n_steps=st.integers(1, 40), batch=sizes, n=sizes,
    surrogate=st.sampled_from(sorted(DEFAULT_ALPHA)), slope=st.floats(0.2, 5.0),
    reset=st.sampled_from(["value", "subtract"]), detach=st.booleans(), leak=st.floats(-0.3, 0.3),
    synaptic=st.booleans(), double=st.booleans(), dropout=st.booleans(),
)  # fmt: skip
def test_scans(
    seed: int, n_steps: int, batch: int, n: int, surrogate: str, slope: float, reset: str, detach: bool,
    leak: float, synaptic: bool, double: bool, dropout: bool,
) -> None:  # fmt: skip
    torch.manual_seed(seed)
    dtype = torch.float64 if double else torch.float32
    x = (torch.randn(n_steps, batch, n, dtype=dtype) * 3).requires_grad_()
    rates = [torch.rand(n, dtype=dtype).mul_(0.9).add_(0.05).requires_grad_() for _ in range(1 + synaptic)]
    up = torch.randn(2, n_steps, batch, n, dtype=dtype)
    options = {"surrogate": surrogate, "surrogate_alpha": slope, "detach_reset": detach, "return_v": True}
    if dropout:
        options["scale"] = (torch.rand(batch, n, dtype=dtype) < 0.6) / 0.6
    results = []
    for twin in (scan, scan_naive):
        if synaptic:
            z, v = twin.lif_scan(x, *rates, 0.9, -0.1, leak, **options)
        else:
            z, v = twin.lif_box_scan(x, *rates, 0.9, -0.1, leak, reset=reset, **options)
        loss = (up[0] * z + up[1] * v).sum()
        results.append((z, v, *torch.autograd.grad(loss, (x, *rates), materialize_grads=True)))
    assert torch.equal(results[0][0], results[1][0])
    assert_close(*results, 1e-10 if double else 1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, n_steps=st.integers(1, 40), batch=sizes, n=sizes, leak=st.floats(-0.3, 0.3))
def test_readout(seed: int, n_steps: int, batch: int, n: int, leak: float) -> None:
    torch.manual_seed(seed)
    x = torch.randn(n_steps, batch, n, requires_grad=True)
    rate = torch.rand(n).mul_(0.9).add_(0.05).requires_grad_()
    up = torch.randn(n_steps, batch, n)
    results = []
    for twin in (scan, scan_naive):
        v = twin.li_scan(x, rate, leak)
        results.append((v, *torch.autograd.grad(v, (x, rate), up)))
    # the gradient of the rate is a sum over steps and samples: its scale is that of its terms, not of what
    # they leave after cancelling
    v, by_x, _ = results[1]
    before = torch.cat([torch.full_like(v[:1], leak), v[:-1]]).detach()
    terms = by_x / rate * (x + leak - before)
    assert_close(*results, 2e-6, (v, by_x, terms.abs().sum((0, 1))))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(seed=seeds, first=st.integers(0, 6), second=st.integers(0, 6))
def test_a_delay_after_a_delay_is_their_sum(seed: int, first: int, second: int) -> None:
    torch.manual_seed(seed)
    x = torch.randn(20, 2, 3, dtype=torch.float64)

    def delayed(x: torch.Tensor, steps: int) -> torch.Tensor:
        kernel = torch.zeros(13, 3, 3, dtype=torch.float64)
        kernel[steps] = torch.eye(3, dtype=torch.float64)
        return spectral.spectral_projection(x, kernel)

    torch.testing.assert_close(delayed(delayed(x, first), second), delayed(x, first + second))
