"""A copy of a user's module in float64, on the CPU and in evaluation; the module itself stays as it is."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.findings.codes_module import MODULE_FAILS


def double_copy(module: nn.Module) -> nn.Module:
    """Copy a module with all that it computes with in float64.

    Parameters
    ----------
    module
        Anything; it is not changed.

    Raises
    ------
    NeurodeployError
        ND142: it cannot be copied.

    Notes
    -----
    Norse (1.1.0, ``norse/torch/module/snn.py``) keeps neuron parameters in a named tuple ``p`` that torch
    does not know of, and starts v and i in float32 whatever the module's type (``initial_state``). Both are
    float64 in the copy.
    """
    known = {id(value): value.detach().clone() for value in _grown(module)}
    try:
        twin = copy.deepcopy(module, known)
    except (TypeError, RuntimeError, AttributeError) as error:
        raise MODULE_FAILS.error(
            message="the module cannot be copied",
            where=type(module).__name__,
            found=f"{type(error).__name__}: {error}"[:300],
            help="Give a module that copy.deepcopy can copy.",
        ) from None
    twin = twin.cpu().double().eval()
    for part in twin.modules():
        for name, value in list(vars(part).items()):
            if isinstance(value, Tensor) and value.is_floating_point():
                setattr(part, name, _doubled(value))
            elif _is_parameters(value):
                setattr(part, name, value._replace(**{k: _doubled(x) for k, x in value._asdict().items()}))
        if callable(getattr(part, "state_fallback", None)):
            part.state_fallback = _Start(part, part.state_fallback)  # type: ignore[assignment]
    return twin


class _Start:
    """A first state in float64, in place of one that Norse rounds to float32."""

    def __init__(self, layer: nn.Module, given: Any) -> None:
        self.layer, self.given = layer, given

    def __call__(self, x: Tensor) -> Any:
        state = self.given(x)
        fields = {name: value.detach().double() for name, value in state._asdict().items()}
        parameters: Any = self.layer.p
        leak = torch.as_tensor(parameters.v_leak, dtype=torch.float64)
        rounded = fields["v"] == leak.float().double()
        fields["v"] = torch.where(rounded, leak, fields["v"])
        return type(state)(**fields)


def _grown(module: nn.Module) -> list[Tensor]:
    """Give the tensors in parameters of neurons that were computed of others: deepcopy refuses those."""
    held = [value for part in module.modules() for value in vars(part).values()]
    inside = [x for value in held if _is_parameters(value) for x in value]
    return [x for x in [*held, *inside] if isinstance(x, Tensor) and x.grad_fn is not None]


def _is_parameters(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_asdict")


def _doubled(value: Any) -> Any:
    is_float = isinstance(value, Tensor) and value.is_floating_point()
    return value.detach().cpu().double() if is_float else value
