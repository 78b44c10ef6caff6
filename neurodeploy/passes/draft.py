"""What a pass is, and the runner that checks the graph after each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from neurodeploy.findings.finding import NeurodeployError, raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import Graph

D = TypeVar("D")


@dataclass(frozen=True, slots=True, eq=False)
class Draft(Generic[D]):
    """A graph on its way to a target, and what was decided on the way.

    Attributes
    ----------
    graph
        In floats and seconds. After a pass that rounds, its numbers are those that the integers stand for.
    decided
        What the passes chose and the graph cannot hold: scales, groups, exponents, latencies. A target has a
        type of its own for it; passes that any target can use leave it alone.
    """

    graph: Graph
    decided: D

    def with_graph(self, graph: Graph) -> Draft[D]:
        """Give the draft with another graph."""
        return replace(self, graph=graph)


@runtime_checkable
class Pass(Protocol):
    """A step from draft to draft; a frozen dataclass whose fields are its options."""

    @property
    def name(self) -> str:
        """Name, as in ``--pass``."""

    @property
    def title(self) -> str:
        """What it does, in a few words."""

    def __call__(self, draft: Draft[Any], /) -> Draft[Any]:
        """Give the changed draft; the given one stays as it is."""


AfterEach = Callable[[Pass, Draft[Any]], None]
"""Called with every pass and the draft that it gave: for tracing, dumping and measuring."""


def run_passes(draft: Draft[D], passes: Sequence[Pass], *, after_each: AfterEach | None = None) -> Draft[D]:
    """Run passes one after the other.

    Parameters
    ----------
    draft
        With a sound graph.
    passes
        In order.
    after_each
        See :data:`AfterEach`.

    Raises
    ------
    NeurodeployError
        What a pass raised; or ND1xx where a pass gave an unsound graph, with a note that names the pass.
    """
    for each in passes:
        draft = each(draft)
        try:
            raise_errors(check_graph(draft.graph))
        except NeurodeployError as error:
            broken = [
                replace(
                    finding, help=f"The pass {each.name!r} made this of a sound graph. {finding.help}".strip()
                )
                for finding in error.findings
            ]
            raise NeurodeployError(broken, error.exit_code) from error
        if after_each is not None:
            after_each(each, draft)
    return draft
