"""The layers of a module in the order in which it computes them, each with its path."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from norse.torch import Lift, SequentialState
from torch import nn

from neurodeploy.frameworks.refused_layer import kind, refused
from neurodeploy.nn.stepwise import Stepwise

IN_ROW = (SequentialState, nn.Sequential)
"""Containers whose children follow one another; a subclass with a forward of its own is none."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerAt:
    """One layer of a module.

    Attributes
    ----------
    path
        Where it stands, from the module's type on: ``SequentialState.3``.
    module
        The layer.
    lifted
        Whether ``norse.torch.Lift`` calls it once for each step of a sequence.
    called
        What is called in its place, one step a call: ``nd.nn.Stepwise`` around it; None where it is itself.
    """

    path: str
    module: nn.Module
    lifted: bool
    called: nn.Module | None = None

    @property
    def population(self) -> str:
        """Name of a population of it: its path without the root, in one word."""
        name = "_".join(self.path.split(".")[1:])
        return name if name[:1].isalpha() else f"layer{name}"


def layers_of(module: nn.Module) -> list[LayerAt]:
    """Give the layers of a module; containers are taken apart.

    Parameters
    ----------
    module
        A copy: a layer that stands in it twice is replaced by one copy for each place.

    Raises
    ------
    NeurodeployError
        ND140: a container that computes something of its own.
    """
    _part_shared(module, set())
    return list(_inside(module, type(module).__name__, lifted=False))


def _inside(module: nn.Module, path: str, *, lifted: bool) -> Iterator[LayerAt]:
    if isinstance(module, Lift):
        if type(module) is not Lift or lifted:
            raise refused(path, module, "inside another Lift" if lifted else "of a type of its own")
        yield from _inside(module.lifted_module, path, lifted=True)
    elif type(module) is Stepwise:
        if lifted:
            raise refused(path, module, "inside norse.torch.Lift", "Take it out of Lift and out of Stepwise.")
        yield LayerAt(path, module.layer, lifted=False, called=module)
    elif isinstance(module, IN_ROW):
        if type(module).forward not in [container.forward for container in IN_ROW]:
            raise refused(path, module, "with a forward of its own", _IN_A_ROW)
        for name, child in module.named_children():
            yield from _inside(child, f"{path}.{name}", lifted=lifted)
    elif any(True for _ in module.children()) and not hasattr(module, "to_population"):
        if _is_leaf(module):
            yield LayerAt(path, module, lifted)
        else:
            raise refused(path, module, "computes in a forward of its own what nobody can see", _IN_A_ROW)
    else:
        yield LayerAt(path, module, lifted)


_IN_A_ROW = "Put its layers into norse.torch.SequentialState, in the order in which forward calls them."


def _is_leaf(module: nn.Module) -> bool:
    """Say whether a module with children is one layer: those of neurodeploy hold their time constants so."""
    return kind(module).startswith("nd.nn.")


def _part_shared(module: nn.Module, seen: set[int]) -> None:
    """Give each place its own copy of a layer that stands in several, so that calls can be told apart."""
    for name, child in list(module._modules.items()):
        if child is None:
            continue
        if id(child) in seen:
            module._modules[name] = copy.deepcopy(child)
        own = module._modules[name]
        assert own is not None
        seen.add(id(own))
        _part_shared(own, seen)
