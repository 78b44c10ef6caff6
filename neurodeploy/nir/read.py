"""Read NIR: our own files and those of others. What cannot be represented is a finding, never a change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from neurodeploy.findings.codes_nir import BAD_STRUCTURE, NO_DT
from neurodeploy.findings.finding import Finding, Severity, raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import Graph, Population, Projection, Readout
from neurodeploy.nir.dialects.dialect import Dialect, dialect_of
from neurodeploy.nir.dialects.semantics import translated
from neurodeploy.nir.dialects.signs import signs
from neurodeploy.nir.metadata import input_max as recorded_max
from neurodeploy.nir.metadata import name_of, recorded_dt, recorded_text
from neurodeploy.nir.nodes import FlatGraph, flatten, load
from neurodeploy.nir.populations import Parts, parts_of
from neurodeploy.nir.told import with_told

if TYPE_CHECKING:
    import nir


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Description:
    """What is in a NIR file that may not say how long a step is.

    Attributes
    ----------
    name
        As recorded, else that of the file.
    dt_s
        Length of one step, in seconds; None where neither the file nor the caller says.
    input_size, input_max, populations, projections, readout, notes
        As in :class:`neurodeploy.graph.model.Graph`; delays are in seconds, and where dt is not known they
        are as in the file, a population that feeds itself without a Delay has none, and the ``tau_syn_s`` of
        populations without filter is NaN.
    """

    name: str
    dt_s: float | None
    input_size: int
    input_max: int
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readout: Readout | None
    notes: tuple[Finding, ...]


def read_nir(
    path: Path,
    dt_s: float | None = None,
    *,
    dialect: str | None = None,
    score: str | None = None,
    input_max: int | None = None,
) -> Graph:
    """Read a NIR file.

    Parameters
    ----------
    path
        The file.
    dt_s
        Length of one step, in seconds; needed where the file does not record it (only ours do).
    dialect
        Who wrote it, ``NAME[:OPTION=VALUE,...]``, for files whose writer means something else than NIR's
        equations; see :mod:`neurodeploy.nir.dialects.dialect`.
    score
        How a file of others decides, one of :data:`neurodeploy.score.SCORES`.
    input_max
        The largest input value of a step that a file of others takes, 1 by default.

    Returns
    -------
    Graph
        In the form of :func:`neurodeploy.graph.lowering.canonical`. A file of others that has one output gets
        a readout there: ``spike_count`` of spiking neurons, ``softmax_sum`` of leaky integrators.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 unreadable, ND101 NaN, ND120 a node that is not supported, ND121 dt unknown,
        ND122 a structure that a Graph cannot represent, ND124 an unusable parameter, ND125 a dt that
        contradicts the file's; ND152 to ND159 where the file looks as if its writer meant something else and
        no dialect says who it was; ND150, ND151, ND162, ND163 a dialect that is none, is open or does not
        fit; ND110 no such score, ND096 a score or maximum that the file records itself or that has no output
        to be of; and as :func:`neurodeploy.graph.checks.check_graph`.

    Notes
    -----
    A population that feeds itself without an explicit Delay does so one step later: all frameworks that write
    recurrent networks as NIR compute them so. A longer loop needs an explicit Delay.

    A weighted sum before an Output becomes leaky integrators of tau = dt (a note, ND127). A LIF whose tau and
    r are infinite is an IF with r = 1 / dt.
    """
    path = Path(path)
    said = dialect_of(dialect)
    flat = flatten(load(path), str(path))
    return with_told(_graph(flat, path.stem, dt_s, said), flat, score=score, input_max=input_max)


def from_nir(graph: nir.NIRGraph, dt_s: float | None = None, *, dialect: str | None = None) -> Graph:
    """Make a Graph of a NIR graph in memory; see :func:`read_nir`."""
    try:
        content = graph.to_dict()
    except RecursionError:
        raise BAD_STRUCTURE.error(
            where="NIR graph", found="graphs in graphs, too deep for nir", help="Take nested graphs apart."
        ) from None
    return _graph(flatten(content, "NIR graph"), "nir", dt_s, dialect_of(dialect))


def describe_nir(path: Path, dt_s: float | None = None, *, dialect: str | None = None) -> Description:
    """Say what is in a NIR file, whether or not it says how long a step is.

    Parameters
    ----------
    path, dt_s, dialect
        As for :func:`read_nir`, but that neither the file nor the caller needs to know dt or the dialect:
        what the file shows of its writer is among the ``notes``.

    Raises
    ------
    NeurodeployError
        As :func:`read_nir`, without what the file shows of its writer and what only a step could tell
        (:func:`check_graph`); ND121 only for a dialect that needs a step.
    """
    path = Path(path)
    said = dialect_of(dialect)
    flat = flatten(load(path), str(path))
    known = _dt(flat, dt_s, said)
    if said is None:
        flat = replace(flat, notes=(*flat.notes, *signs(flat, known)))
    elif said.name != "nir":
        flat = translated(flat, said, _known(flat, known))
    parts = parts_of(flat, known)
    return Description(
        name=name_of(flat, path.stem),
        dt_s=known,
        input_size=parts.input_size,
        input_max=recorded_max(flat),
        populations=parts.populations,
        projections=parts.projections,
        readout=_readout(flat, parts),
        notes=parts.notes,
    )


def _dt(flat: FlatGraph, given: float | None, dialect: Dialect | None) -> float | None:
    """Give the length of a step as recorded, given, or fixed by the dialect; None where nobody says."""
    known = recorded_dt(flat, given)
    return dialect.framework.dt_s if known is None and dialect is not None else known


def _known(flat: FlatGraph, dt_s: float | None) -> float:
    if dt_s is None:
        raise NO_DT.error(
            where=flat.where,
            found="no dt in its metadata",
            limit="NIR is in continuous time; a step has a length",
            help="Give the dt that the network was trained with: --dt SECONDS.",
        )
    return dt_s


def _as_meant(flat: FlatGraph, dialect: Dialect | None, dt_s: float) -> FlatGraph:
    """Give a file in NIR's own parameters; refuse one whose writer is in doubt."""
    if dialect is not None and dialect.name != "nir":
        return translated(flat, dialect, dt_s)
    found = signs(flat, dt_s)
    if dialect is None:
        raise_errors(found)
    told = tuple(finding for finding in found if finding.severity is not Severity.ERROR)
    return replace(flat, notes=(*flat.notes, *told))


def _graph(flat: FlatGraph, name: str, dt_s: float | None, dialect: Dialect | None) -> Graph:
    """Make a graph and check it."""
    known = _known(flat, _dt(flat, dt_s, dialect))
    flat = _as_meant(flat, dialect, known)
    parts = parts_of(flat, known)
    graph = Graph(
        name=name_of(flat, name),
        dt_s=known,
        input_size=parts.input_size,
        input_max=recorded_max(flat),
        populations=parts.populations,
        projections=parts.projections,
        readout=_readout(flat, parts),
        notes=parts.notes,
    )
    raise_errors(replace(finding, where=f"{flat.where}: {finding.where}") for finding in check_graph(graph))
    return graph


def _readout(flat: FlatGraph, parts: Parts) -> Readout | None:
    """Take the recorded readout; else, where there is one output, the population that leads to it."""
    name = recorded_text(flat, "readout")
    if name is not None:
        return Readout(population=name, score=recorded_text(flat, "score") or "") if name else None
    if len(parts.outputs) != 1:
        return None
    (source,) = parts.outputs
    spiking = next(p.model.spiking for p in parts.populations if p.name == source)
    return Readout(population=source, score="spike_count" if spiking else "softmax_sum")
