"""Kernels and projections: against the formula, against DCLS, and where they refuse."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from DCLS.construct.modules import Dcls1d

from neurodeploy.ops.delays import naive
from neurodeploy.ops.delays.bell import DCLS_SIGMA_OFFSET, gaussian_kernel
from neurodeploy.ops.delays.projection import (
    delayed_projection,
    dense_projection,
    dilated_projection,
    tap_projection,
)
from neurodeploy.ops.spectral.any_device import MatrixPlan
from neurodeploy.ops.spectral.autograd import SpectralProjection, spectral_projection
from neurodeploy.ops.spectral.cpu import ColumnPlan
from neurodeploy.ops.spectral.plan import SpectralPlan
from neurodeploy.ops.spectral.transform import TILE, analyse, good_length, tables_for

PROJECTIONS = (spectral_projection, dense_projection, naive.delayed_projection)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep small tensors off the thread pool, which stalls where other programs hold the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def close(actual: torch.Tensor, expected: torch.Tensor, tolerance: float = 1e-5) -> bool:
    """Say whether the largest difference is small against the largest value."""
    return bool((actual - expected).abs().max() <= tolerance * expected.abs().max() + 1e-30)


def dcls(weight: torch.Tensor, delay: torch.Tensor, sig: float, n_slots: int, version: str) -> Dcls1d:
    """Make DCLS's own layer for weights and delays of ours."""
    n_out, n_in = weight.shape
    layer = Dcls1d(n_in, n_out, 1, dilated_kernel_size=n_slots, bias=False, version=version)
    layer = layer.to(weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight[..., None])
        layer.P.copy_(((n_slots - 1) - n_slots // 2 - delay)[None, ..., None])
        layer.SIG.fill_(sig)
    return layer


@pytest.mark.parametrize("n_slots", [1, 6, 25])
@pytest.mark.parametrize("sig", [0.23, 1.4, 12.0])
@pytest.mark.parametrize("version", ["gauss", "max"])
def test_kernel_and_projection_are_those_of_dcls(version: str, sig: float, n_slots: int) -> None:
    torch.manual_seed(0)
    x = torch.rand(40, 3, 5, requires_grad=True)
    weight = torch.randn(4, 5, requires_grad=True)
    delay = (torch.rand(4, 5) * (n_slots - 1)).requires_grad_()
    up = torch.randn(40, 3, 4)

    layer = dcls(weight, delay, sig, n_slots, version)
    padded = torch.nn.functional.pad(x.permute(1, 2, 0), (n_slots - 1, 0))
    expected = layer(padded).permute(2, 0, 1)
    (d_x, d_w, d_p) = torch.autograd.grad(expected, (x, layer.weight, layer.P), up)

    sigma, shape = (sig + DCLS_SIGMA_OFFSET, "gauss") if version == "gauss" else (sig, "triangle")
    kernel = gaussian_kernel(weight, delay, sigma, n_slots, shape=shape)
    assert close(kernel.permute(2, 1, 0).flip(-1), layer.DCK(layer.weight, layer.P, layer.SIG))
    for project in PROJECTIONS:
        actual = project(x, kernel)
        grads = torch.autograd.grad(actual, (x, weight, delay), up, retain_graph=True)
        assert close(actual, expected)
        assert close(grads[0], d_x)
        assert close(grads[1], d_w[..., 0])
        if n_slots > 1:
            assert close(grads[2], -d_p[0, ..., 0])


def test_a_rounded_delay_is_what_dcls_evaluates_except_at_exact_halves() -> None:
    delay = torch.tensor([[0.2, 0.5, 1.5, 2.5, 3.7, 4.0]], dtype=torch.float64)
    weight = torch.ones_like(delay)
    layer = dcls(weight, delay, 0.0, 6, "max")
    with torch.no_grad():
        layer.P.round_()  # half to even, on centred and negated positions
        theirs = layer.DCK(layer.weight, layer.P, layer.SIG)[0].flip(-1).argmax(-1)
    ours = gaussian_kernel(weight, delay, 0.0, 6)[:, :, 0].argmax(0)
    assert ours.tolist() == [0, 1, 2, 3, 4, 4]  # to the nearest, ties up
    halves = delay[0] % 1 == 0.5
    assert theirs[~halves].tolist() == ours[~halves].tolist()
    assert theirs[halves].tolist() == [0, 2, 2]


@pytest.mark.parametrize("shape", ["gauss", "triangle"])
@pytest.mark.parametrize("sigma", [0.05, 0.15, 0.5, 2.0, 12.27])
def test_kernel_gradients_in_closed_form_are_the_automatic_ones(sigma: float, shape: str) -> None:
    torch.manual_seed(1)
    weight = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    delay = (torch.rand(6, 5, dtype=torch.float64) * 24).requires_grad_()
    up = torch.randn(25, 5, 6, dtype=torch.float64)
    results = []
    for make in (gaussian_kernel, naive.gaussian_kernel):
        kernel = make(weight, delay, sigma, 25, shape=shape)
        results.append((kernel, *torch.autograd.grad(kernel, (weight, delay), up)))
    for actual, expected in zip(*results, strict=True):
        assert close(actual, expected, 1e-12)


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.1, 0.19, 0.2, 0.5])
def test_a_narrow_kernel_keeps_the_whole_weight_wherever_the_delay_lies(sigma: float) -> None:
    delay = torch.linspace(0.0, 6.0, 101)[:, None]
    kernel = gaussian_kernel(torch.ones_like(delay), delay, sigma, 7)
    torch.testing.assert_close(kernel.sum(0), torch.ones(1, 101), rtol=0.0, atol=2e-6)
    halfway = gaussian_kernel(torch.ones(1, 1), torch.full((1, 1), 2.5), sigma, 7)[:, 0, 0]
    torch.testing.assert_close(halfway[2:4], halfway[2:4].mean().expand(2))


def test_a_narrow_kernel_holds_no_subnormal_numbers() -> None:
    torch.manual_seed(2)
    kernel = gaussian_kernel(torch.randn(20, 20), torch.rand(20, 20) * 24, 0.5, 25)
    assert bool(((kernel == 0) | (kernel.abs() > torch.finfo(torch.float32).tiny)).all())


def test_slot_d_delays_by_d_steps_and_nothing_arrives_early() -> None:
    x = torch.zeros(10, 1, 1, dtype=torch.float64)
    x[2] = 1.0
    for d in range(5):
        kernel = torch.zeros(5, 1, 1, dtype=torch.float64)
        kernel[d] = 3.0
        for project in PROJECTIONS:
            y = project(x, kernel)[:, 0, 0]
            assert torch.allclose(y, 3.0 * torch.eye(10, dtype=torch.float64)[2 + d])


def test_an_odd_number_of_columns_does_not_see_what_memory_held_before() -> None:
    torch.manual_seed(7)
    x, kernel = torch.randn(100, 3, 7, dtype=torch.float64), torch.randn(25, 7, 7, dtype=torch.float64)
    expected = dense_projection(x, kernel)
    for _ in range(5):
        junk = [np.full((128, 4), np.inf) for _ in range(20)]
        del junk
        assert close(spectral_projection(x, kernel), expected, 1e-12)


@pytest.mark.parametrize(("n_steps", "n_slots"), [(149, 25), (150, 25), (151, 25), (151, 60), (433, 31)])
def test_blocks_of_a_long_sequence_join_without_a_seam(n_steps: int, n_slots: int) -> None:
    torch.manual_seed(3)
    x = torch.randn(n_steps, 2, 3, dtype=torch.float64, requires_grad=True)
    kernel = torch.randn(n_slots, 3, 2, dtype=torch.float64, requires_grad=True)
    up = torch.randn(n_steps, 2, 2, dtype=torch.float64)
    results = []
    for project in (spectral_projection, dense_projection):
        y = project(x, kernel)
        results.append((y, *torch.autograd.grad(y, (x, kernel), up)))
    for actual, expected in zip(*results, strict=True):
        assert close(actual, expected, 1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("plan", [ColumnPlan, MatrixPlan])
@pytest.mark.parametrize(("n_steps", "n_slots"), [(40, 9), (151, 7)])
def test_either_plan_projects_as_defined_with_all_gradients(
    plan: type[SpectralPlan], dtype: torch.dtype, n_steps: int, n_slots: int
) -> None:
    torch.manual_seed(8)
    # 70 columns: two whole tiles and a rest; 5 and 70 rows: whole blocks of four and a rest
    x = torch.randn(n_steps, 5, 70, dtype=dtype, requires_grad=True)
    kernel = torch.randn(n_slots, 70, 37, dtype=dtype, requires_grad=True)
    up = torch.randn(n_steps, 5, 37, dtype=dtype)
    arguments = (torch.device("cpu"),) if plan is MatrixPlan else ()
    y = SpectralProjection.apply(x, kernel, plan(n_steps, n_slots, dtype, *arguments))
    actual = (y, *torch.autograd.grad(y, (x, kernel), up))
    y = naive.delayed_projection(x.double(), kernel.double())
    expected = (y, *torch.autograd.grad(y, (x, kernel), up.double()))
    for a, e in zip(actual, expected, strict=True):
        assert close(a, e, 1e-12 if dtype == torch.float64 else 1e-5)


@pytest.mark.parametrize("least", range(2, 60))
def test_every_length_of_the_transform_is_numpys(least: int) -> None:
    length = good_length(least)
    x = np.random.default_rng(least).standard_normal((length, 1, 3))
    room = np.empty((1, length, TILE))
    analyse(x, room[..., :3], 1.0, 1.0, tables_for(length, x.dtype), 0, 0, 1)
    half = length // 2
    expected = np.fft.rfft(x[:, 0], axis=0)
    ends, inner = expected[[0, half]].real, expected[1:half]
    assert np.allclose(room[0, :, :3], np.concatenate([ends, inner.real, inner.imag]), atol=1e-12)


def test_auto_takes_the_transform_for_many_slots_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from neurodeploy.ops.delays import projection as delay

    taken = []
    monkeypatch.setattr(delay, "spectral_projection", lambda x, k: taken.append(len(k)) or x)
    for n_slots in (1, 2, 25):
        delayed_projection(torch.zeros(100, 64, 64), torch.zeros(n_slots, 64, 64))
    assert taken == [25]


def test_taps_arrive_after_their_delays() -> None:
    torch.manual_seed(4)
    x = (torch.rand(12, 2, 3) < 0.4).double()
    weight = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    steps = torch.randint(0, 15, (2, 4, 3))  # some arrive after the end
    results = []
    for project in (tap_projection, naive.tap_projection):
        y = project(x, weight, steps)
        results.append((y, *torch.autograd.grad(y.square().sum(), weight)))
    for actual, expected in zip(*results, strict=True):
        assert close(actual, expected, 1e-12)


def test_taps_that_arrive_after_the_end_give_silence() -> None:
    y = tap_projection(torch.ones(3, 1, 1), torch.ones(1, 2, 1), torch.full((1, 2, 1), 7))
    assert y.shape == (3, 1, 2)
    assert not y.any()


@pytest.mark.parametrize("dilation", [1, 3])
def test_a_temporal_convolution_is_taps_at_multiples_of_the_dilation(dilation: int) -> None:
    torch.manual_seed(5)
    x = torch.randn(12, 2, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 4, 3, dtype=torch.float64, requires_grad=True)
    steps = (torch.arange(5) * dilation)[:, None, None].expand(5, 4, 3)
    results = []
    for y in (dilated_projection(x, weight, dilation), naive.tap_projection(x, weight, steps)):
        results.append((y, *torch.autograd.grad(y.square().sum(), (x, weight))))
    for actual, expected in zip(*results, strict=True):
        assert close(actual, expected, 1e-12)


def test_wrong_arguments_are_refused() -> None:
    x, weight = torch.zeros(4, 1, 3), torch.zeros(2, 3)
    with pytest.raises(ValueError, match="kernel"):
        delayed_projection(x, torch.zeros(2, 4, 2))
    with pytest.raises(ValueError, match="round them first"):
        tap_projection(x, weight[None], torch.zeros(1, 2, 3))
    with pytest.raises(ValueError, match="at least 0"):
        tap_projection(x, weight[None], torch.full((1, 2, 3), -1))
    with pytest.raises(ValueError, match="dilation"):
        dilated_projection(x, weight[None], 0)
    with pytest.raises(ValueError, match="sigma"):
        gaussian_kernel(weight, weight, -1.0, 5)
    with pytest.raises(ValueError, match="sigma"):
        gaussian_kernel(weight, weight, 1e-3, 5)
    with pytest.raises(ValueError, match="shape"):
        gaussian_kernel(weight, weight, 1.0, 5, shape="square")


def test_the_definition_is_causal_and_keeps_the_number_of_steps() -> None:
    torch.manual_seed(6)
    x, kernel = torch.randn(9, 2, 3), torch.randn(20, 3, 2)
    y = naive.delayed_projection(x, kernel)
    cut = naive.delayed_projection(x[:5], kernel)
    assert y.shape == (9, 2, 2)
    assert torch.equal(y[:5], cut)
