"""The recurrent scan is its definition: spikes, voltages and every gradient, in float64."""

from __future__ import annotations

import pytest
import torch

from neurodeploy.ops.scan import naive, recurrent_scan

N_STEPS, BATCH, SIZE = 17, 3, 5

CASES = [
    # lag, slots, filtered, and options
    (1, 1, False, {}),
    (1, 4, False, {"detach_reset": True, "surrogate": "atan"}),
    (1, 4, True, {"surrogate": "atan", "v_reset": -0.3, "v_leak": 0.1}),
    (3, 1, True, {"detach_reset": True, "surrogate": "box"}),
    (3, 4, False, {"reset": "subtract", "surrogate": "triangle", "surrogate_alpha": 0.7}),
    (5, 3, True, {"surrogate": "tanh", "surrogate_alpha": 1.0}),
    (40, 2, False, {"surrogate": "super"}),
]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("lag", "n_slots", "filtered", "options"), CASES)
def test_a_recurrent_scan_is_its_definition(
    lag: int, n_slots: int, filtered: bool, options: dict[str, object], masked: bool
) -> None:
    torch.manual_seed(lag + n_slots)
    current = (torch.randn(N_STEPS, BATCH, SIZE).double() * 2 + 1).requires_grad_()
    slots = torch.randn(n_slots, SIZE, SIZE).double().requires_grad_()
    rates = [(torch.rand(SIZE).double() * 0.6 + 0.2).requires_grad_() for _ in range(1 + filtered)]
    scale = torch.tensor([0.0, 2.0, 1.0, 1.0, 0.5]).expand(BATCH, SIZE) if masked else None
    up_z, up_v = torch.randn(2, N_STEPS, BATCH, SIZE).double()
    results = []
    for scan in (recurrent_scan, naive.recurrent_scan):
        z, v = scan(current, slots, *rates, lag_steps=lag, scale=scale, return_v=True, **options)
        loss = (z * up_z).sum() + (v * up_v).sum()
        results.append((z, v, *torch.autograd.grad(loss, [current, slots, *rates], materialize_grads=True)))
    assert 0.05 < (results[0][0] > 0).double().mean() < 0.95
    assert lag >= N_STEPS or results[0][3].abs().max() > 0
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


def test_only_what_is_asked_for_gets_a_gradient_and_spikes_come_alone() -> None:
    torch.manual_seed(0)
    current, slots = torch.randn(9, 2, 4) * 3, torch.randn(2, 4, 4).requires_grad_()
    alpha = torch.tensor(0.4)
    found = recurrent_scan(current, slots, alpha, surrogate="atan")
    (grad,) = torch.autograd.grad(found.sum(), slots)
    expected = naive.recurrent_scan(current, slots, alpha, surrogate="atan")
    assert torch.equal(found, expected) and found.any()
    torch.testing.assert_close(grad, torch.autograd.grad(expected.sum(), slots)[0], rtol=1e-4, atol=1e-5)


def test_synapses_that_do_not_lead_back_are_refused() -> None:
    current, alpha = torch.zeros(4, 2, 3), torch.tensor(0.5)
    for slots, lag in ((torch.zeros(1, 3, 4), 1), (torch.zeros(3, 3), 1), (torch.zeros(1, 3, 3), 0)):
        for scan in (recurrent_scan, naive.recurrent_scan):
            with pytest.raises(ValueError, match="slots are"):
                scan(current, slots, alpha, lag_steps=lag)
