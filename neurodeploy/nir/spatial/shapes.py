"""The shape of what leaves each node of a NIR graph: carried on from the input, or declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from math import prod

from neurodeploy.findings.codes_network import ARRAY_SHAPE
from neurodeploy.findings.codes_nir import BAD_WINDOW, TOO_LARGE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.nir.nodes import FlatGraph, Node
from neurodeploy.nir.raw import shown
from neurodeploy.nir.spatial.window import Window
from neurodeploy.nir.storage import MAX_NEURONS

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Shapes by node.

    Attributes
    ----------
    out
        Of what leaves a node; ``(1,)`` where nothing says, since parameters of size 1 stand for any number.
    seen
        What a convolution or pool looks at, ``(channel, *axis)``; without those that nothing leads to.
    """

    out: Mapping[str, Shape]
    seen: Mapping[str, Shape]


def shapes_of(flat: FlatGraph, input_shape: Shape) -> Shapes:
    """Find the shape of every node: by its own parameters, else as the largest node that leads to it says.

    Raises
    ------
    NeurodeployError
        ND105 a convolution or pool behind something of another shape, ND116 more elements than can be held,
        ND126 a window that is larger than what it looks at.
    """
    after: dict[str, list[str]] = {name: [] for name in flat.nodes}
    for source, target in flat.edges:
        after[source].append(target)
    out: dict[str, Shape] = {}
    seen: dict[str, Shape] = {}
    waiting: list[tuple[int, int, str]] = []  # a heap: the largest goes on first, and what it reaches stays

    def found(name: str, shape: Shape) -> None:
        out[name] = shape
        heappush(waiting, (-prod(shape), len(out), name))

    for node in flat.nodes.values():
        if node.type == "Input" and not node.nested:
            found(node.name, input_shape)
        elif node.weight is not None:
            found(node.name, node.weight.shape[:1])
        elif node.window is None and node.flattened is None and prod(node.shape) > 1 and node.parameters:
            found(node.name, node.shape)
    while waiting:
        _, _, source = heappop(waiting)
        for target in after[source]:
            node = flat.nodes[target]
            if target in out:
                continue
            if node.window is None:
                found(target, _flattened(out[source], node.flattened))
                continue
            where = f"{flat.where}: {shown(source)} -> {shown(target)}"
            seen[target] = _seen(node.window, out[source], where)
            found(target, _behind(node.window, seen[target], f"{flat.where}: {shown(target)}"))
    for node in flat.nodes.values():
        out.setdefault(node.name, (1,))
    return Shapes(out, seen)


def _flattened(shape: Shape, axes: tuple[int, int] | None) -> Shape:
    """Join axes of a shape; those that it does not have join all of them, and one axis stays one."""
    if axes is None:
        return shape
    start, end = (axis + len(shape) if axis < 0 else axis for axis in axes)
    if not 0 <= start <= end < len(shape):
        return (prod(shape),)
    return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])


def _seen(window: Window, before: Shape, where: str) -> Shape:
    """Give what a window looks at as ``(channel, *axis)``, from the shape before it and what it declares."""
    n, channels = window.n_axes, window.channels_in
    if window.declared is not None and channels is not None:
        wanted = (channels, *window.declared)
        known = len(before) > n
        if prod(wanted) != prod(before) or (known and before[-n:] != window.declared):
            raise _misfit(where, before, str(list(wanted)))
        return wanted
    if len(before) == n and channels in (1, None):
        before = (1, *before)
    if len(before) <= n or prod(before[: -n - 1]) != 1 or channels not in (before[-n - 1], None):
        axes = ", ".join(("x", "y")[:n])
        raise _misfit(where, before, f"[{channels or 'channels'}, {axes}]")
    return before[-n - 1 :]


def _behind(window: Window, seen: Shape, where: str) -> Shape:
    """Give the shape of what leaves a window."""
    places = window.places(seen[1:])
    if min(places) < 1:
        raise BAD_WINDOW.error(
            message="a convolution or pool is larger than what it looks at",
            where=where,
            found=f"a kernel of {list(window.size)}, dilation {list(window.dilation)}",
            limit=f"{list(seen[1:])} and its padding",
            help="Give the input that the network was trained with, or a smaller kernel.",
        )
    shape = (seen[0] if window.kernel is None else window.kernel.shape[0], *places)
    if prod(shape) > MAX_NEURONS:
        raise TOO_LARGE.error(
            where=where, found=f"{list(shape)}", limit=f"{MAX_NEURONS} elements", help="Split the network."
        )
    return shape


def _misfit(where: str, found: Shape, limit: str) -> NeurodeployError:
    return ARRAY_SHAPE.error(
        where=where,
        found=f"elements in the shape {list(found)}",
        limit=limit,
        help="What leaves a node must have the shape that the next one takes: channels first, then the axes.",
    )


def elements(node: Node, shapes: Shapes) -> int:
    """Give the number of elements that a node takes."""
    if node.weight is not None:
        return node.weight.shape[1]
    return prod(shapes.seen.get(node.name, shapes.out[node.name]))
