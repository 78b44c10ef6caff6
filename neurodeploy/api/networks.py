"""Read what is given (recipes, samples, networks, targets), and hold networks against targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.api.given import (
    Network,
    PathLike,
    Spikes,
    graph_of,
    opened,
    spikes_for,
    target_of,
    without_effect,
)
from neurodeploy.bundle.bundle import Bundle
from neurodeploy.data.samples import Samples
from neurodeploy.files.paths import existing
from neurodeploy.findings.codes_usage import ARRAY_MISSING, WRONG_USAGE
from neurodeploy.findings.finding import Finding, NeurodeployError, nearest
from neurodeploy.graph.model import Graph
from neurodeploy.recipe import Recipe

if TYPE_CHECKING:
    from neurodeploy.passes.draft import AfterEach, Pass
    from neurodeploy.targets.target import Lowered, Target


def load_recipe(recipe: PathLike, overrides: Sequence[str] = ()) -> Recipe:
    """Load a recipe.

    Parameters
    ----------
    recipe
        Name of a shipped one, with a variant after a colon, or a TOML file.
    overrides
        ``key=value`` with dotted keys and TOML values, as after ``--set``.

    Raises
    ------
    NeurodeployError
        ND020 to ND026: no such recipe or key, or values that do not fit.
    """
    from neurodeploy.recipe import load_recipe

    return load_recipe(recipe, overrides)


def load_samples(path: PathLike, name: str | None = None) -> Samples:
    """Load samples from an npz file, or one set of a run or bundle.

    Parameters
    ----------
    path
        An npz with ``spikes`` ``[sample, step, source]`` and, if it has them, ``labels`` and ``mask``; or a
        run's or bundle's folder.
    name
        Which set of a folder: ``validation``, ``test``, ``calibration``, ``given`` or ``random``. It may be
        left out where there is one.

    Raises
    ------
    NeurodeployError
        ND001 no such path, ND002 an unreadable file, ND003 no array or set of this name, ND010 to ND015
        samples that mean nothing, ND096 a name with a file.
    """
    found = opened(path)
    if isinstance(found, Path):
        if name is not None:
            raise without_effect("name", "an npz file", "Leave it out: only folders hold sets by name.")
        return Samples.from_npz(found)
    assert not isinstance(found, Graph)
    sets = found.samples
    if name is None and len(sets) == 1:
        return next(iter(sets.values()))
    if name is None or name not in sets:
        raise ARRAY_MISSING.error(
            message="there is no set of this name" if name else "a set has to be named",
            where=str(path),
            found=name or f"{len(sets)} sets",
            limit=", ".join(sets),
            help=nearest(name or "", sets) or "Name one of them.",
        )
    return sets[name]


def read_nir(
    path: PathLike,
    *,
    dt_s: float | None = None,
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
        Length of a step in seconds, for files that do not say.
    dialect
        Who wrote the file, where that is in doubt: ``nir``, ``norse``, ``snntorch``, ``sinabs``,
        ``rockpool``, ``spikingjelly`` or ``spyx``, and what the file leaves open, as ``snntorch:reset=zero``.
    score
        How a file of others decides: ``softmax_sum``, ``last``, ``max``, ``per_step`` or ``spike_count``.
    input_max
        The largest input value of a step that a file of others takes; 1 by default.

    Raises
    ------
    NeurodeployError
        ND001, ND002 the file; ND1xx what it holds: of these ND150 to ND163 who wrote it; ND096 a score or
        maximum that the file records itself.
    """
    from neurodeploy.nir.read import read_nir

    return read_nir(existing(path), dt_s=dt_s, dialect=dialect, score=score, input_max=input_max)


def write_nir(
    network: Network, path: PathLike, *, reader: str | None = None, dt_s: float | None = None
) -> Graph:
    """Write a network as a NIR file, whole or not at all.

    Parameters
    ----------
    network
        A graph, run or bundle, or a path of one or of a NIR file; delays become Delay nodes, one branch for
        each tap.
    path
        The file.
    reader
        The framework that is to read the file: ``norse``, ``snntorch``, ``spikingjelly`` or ``nir-1.0.4``.
        The network is rewritten as that one's importer reads it right, in its own dt. None writes the
        network as it is.
    dt_s
        Length of a step in seconds, for NIR files that do not say.

    Returns
    -------
    Graph
        What was written; its ``dt_s`` is the framework's.

    Raises
    ------
    NeurodeployError
        ND1xx: the network is not sound; ND170 the framework cannot compute it, with every reason; ND171 an
        unknown framework.
    """
    from neurodeploy.nir.write import write_nir

    graph = network if isinstance(network, Graph) and dt_s is None else graph_of(network, dt_s=dt_s)
    return write_nir(graph, Path(path), reader=reader)


def load_target(target: PathLike) -> Target[Any]:
    """Load a target by name, or from a TOML file.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND027 an unknown name, ND028, ND029 the file cannot be used, ND424 with exit code
        4 a plug-in cannot be loaded.
    """
    from neurodeploy.targets.registry import load_target

    return load_target(target)


def check(
    network: Network,
    target: Target[Any] | PathLike | None = None,
    *,
    dt_s: float | None = None,
    dialect: str | None = None,
    input_max: int | None = None,
) -> list[Finding]:
    """Hold a network against a target, and give every reason why it does not fit.

    Parameters
    ----------
    network
        A graph, run or bundle, or the path of a run, bundle or NIR file. A bundle's program is checked as it
        is; anything else as it is and lowered.
    target
        Name, TOML file or object. It may be left out for a bundle, which is then held against its own.
    dt_s
        Length of a step in seconds, for NIR files that do not say.
    dialect
        Who wrote a NIR file, as for :func:`read_nir`.
    input_max
        The largest input value of a step that a NIR file of others takes; 1 by default.

    Returns
    -------
    list[Finding]
        Errors, warnings and notes; no errors where it fits.

    Raises
    ------
    NeurodeployError
        What cannot be read at all.
    """
    found = opened(network)
    if isinstance(found, Bundle):
        if dt_s is not None:
            raise without_effect("dt_s", "a bundle", "It knows how long its steps are.")
        if dialect is not None:
            raise without_effect("dialect", "a bundle", "Only NIR files have dialects.")
        if input_max is not None:
            raise without_effect("input_max", "a bundle", "It knows what it takes.")
        chip = found.target if target is None else target_of(target)
        program = found.program if target is None else chip.read(found.path)
        return [*found.findings, *chip.check(program)]
    if target is None:
        raise WRONG_USAGE.error(
            message="wrong usage: a target has to be named",
            where="check",
            help="Only a bundle knows its own.",
        )
    chip = target_of(target)
    given = network if isinstance(found, Path) else found
    graph = graph_of(given, dt_s=dt_s, dialect=dialect, input_max=input_max)
    findings = [*graph.notes, *chip.rules(graph)]
    try:
        lowered = chip.lower(graph)
    except NeurodeployError as error:
        return _distinct([*findings, *error.findings])
    return _distinct([*findings, *lowered.findings, *chip.check(lowered.program)])


def lower(
    network: Network,
    target: Target[Any] | PathLike,
    *,
    calibration: Spikes | None = None,
    passes: Sequence[Pass | str] = (),
    after_each: AfterEach | None = None,
    dt_s: float | None = None,
    dialect: str | None = None,
) -> Lowered[Any]:
    """Turn a float network into a target's program, in memory.

    Parameters
    ----------
    network
        A graph, run or bundle (its float network), or a path of one, or of a NIR file.
    target
        Name, TOML file or object.
    calibration
        Spikes ``[sample, step, source]`` that bound the state on the chip.
    passes
        Run before the target's own: objects, or text as after ``--pass``.
    after_each
        Called after each pass with the pass and the draft.
    dt_s
        Length of a step in seconds, for NIR files that do not say.
    dialect
        Who wrote a NIR file, as for :func:`read_nir`.

    Returns
    -------
    Lowered
        The program, what was rounded and clipped as findings, and the same as numbers.

    Raises
    ------
    NeurodeployError
        ND2xx (exit code 3) where the network cannot be lowered.
    """
    from neurodeploy.passes.by_name import load_pass

    graph = graph_of(network, dt_s=dt_s, dialect=dialect)
    return target_of(target).lower(
        graph,
        calibration=None if calibration is None else spikes_for(graph, calibration),
        passes=[load_pass(each) if isinstance(each, str) else each for each in passes],
        after_each=after_each,
    )


def _distinct(findings: list[Finding]) -> list[Finding]:
    """Leave out what was said before: the same code at the same place, however it is worded."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        kept.setdefault((finding.code, finding.where.partition(",")[0].partition("[")[0]), finding)
    return list(kept.values())
