"""How a part of a module is refused: by its path, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodeploy.findings.codes_module import NOT_REPRESENTABLE

if TYPE_CHECKING:
    from torch import nn

    from neurodeploy.findings.finding import NeurodeployError


def refused(path: str, module: nn.Module, reason: str, help: str = "") -> NeurodeployError:
    """Give ND140 for a module at a path."""
    return NOT_REPRESENTABLE.error(where=path, found=f"{kind(module)} {reason}", help=help)


def kind(module: nn.Module) -> str:
    """Name a module's type as a user imports it: ``torch.nn.Linear``, ``norse.torch.LIFCell``."""
    package = type(module).__module__.partition(".")[0]
    room = {"torch": "torch.nn.", "norse": "norse.torch.", "neurodeploy": "nd.nn."}.get(package, "")
    return f"{room}{type(module).__name__}"
