"""``neurodeploy inspect``: what is in a recipe, run, NIR file or bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from neurodeploy.commands import completion, options
from neurodeploy.files.paths import existing
from neurodeploy.findings.codes_program import WITHOUT_EFFECT
from neurodeploy.findings.codes_usage import NEITHER_RUN_NOR_BUNDLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodeploy.graph.model import Graph, Projection
    from neurodeploy.nir.read import Description


@click.command("inspect")
@click.argument("path", metavar="RECIPE|RUN|FILE.nir|BUNDLE", shell_complete=completion.recipes)
@options.dt_option
@options.dialect_option
@options.json_option
def command(path: str, dt_s: float | None, dialect: str | None, as_json: bool) -> None:
    """Show what is in a recipe (name or TOML file), a run folder, a NIR file or a bundle.

    A recipe is shown as TOML with every default: `inspect RECIPE > my.toml` is the same recipe.
    """
    facts = describe(path, dt_s, dialect)
    idle = [option for option, given in (("--dt", dt_s), ("--dialect", dialect)) if given is not None]
    if idle and facts["kind"] != "NIR file":
        raise WITHOUT_EFFECT.error(
            where=idle[0],
            found=f"given with a {facts['kind']}",
            help="Leave it out: only NIR files may need it.",
        )
    if as_json:
        options.print_json(options.in_percent(facts), schema="inspect")
        return
    for line in lines(facts):
        options.echo(line)


def describe(path: str, dt_s: float | None, dialect: str | None = None) -> dict[str, Any]:
    """Recognise what a path or name stands for, and give its facts.

    Raises
    ------
    NeurodeployError
        ND086: a folder that is neither a run nor a bundle; else the findings of what was recognised.
    """
    place = Path(path)
    if place.is_dir():
        from neurodeploy.bundle.layout import MANIFEST

        if (place / MANIFEST).is_file():
            return _bundle(place)
        from neurodeploy.runs.folder import RECIPE

        if (place / RECIPE).is_file():
            return _run(place)
        raise NEITHER_RUN_NOR_BUNDLE.error(
            where=path,
            limit="recipe.toml (a run) or manifest.json (a bundle)",
            help="Runs are made by `neurodeploy train`, bundles by `neurodeploy export`.",
        )
    if place.is_file() and place.suffix != ".toml":
        from neurodeploy.nir.read import describe_nir

        described = describe_nir(place, dt_s=dt_s, dialect=dialect)
        return {"kind": "NIR file", "path": path, **graph_facts(described)}
    if place.suffix == ".nir":
        existing(place)
    return {"kind": "recipe", **_recipe(path)}


def _recipe(name: str) -> dict[str, Any]:
    """Give every key of a recipe with its meaning."""
    from neurodeploy.recipe import keys, load_recipe
    from neurodeploy.recipe.commented import commented

    recipe = load_recipe(name)
    values = recipe.model_dump(mode="json")
    meanings = {entry.path: entry.description for entry in keys()}
    flat = dict(_flat(values, ""))
    return {"name": recipe.name, "keys": flat, "meanings": meanings, "toml": commented(recipe)}


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Give nested tables as dotted keys."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _run(place: Path) -> dict[str, Any]:
    """Give a run's recipe, files and last line of metrics."""
    import json

    from neurodeploy.runs.folder import METRICS, RECIPE

    files = sorted(str(entry.relative_to(place)) for entry in place.rglob("*") if entry.is_file())
    facts: dict[str, Any] = {"kind": "run", "path": str(place), "files": files}
    metrics = place / METRICS
    if metrics.is_file() and (written := metrics.read_bytes().splitlines()):
        try:
            facts["last metrics"] = json.loads(written[-1].decode("utf-8"))
        except (ValueError, RecursionError):  # the line that an interrupted run was writing, or damage
            facts["last metrics"] = "unreadable"
    return facts | {"recipe": _recipe(str(place / RECIPE))}


def _bundle(place: Path) -> dict[str, Any]:
    """Give a bundle's manifest, checked against its files, and its network."""
    from neurodeploy.bundle.bundle import open_bundle

    bundle = open_bundle(place)
    return {
        "kind": "bundle",
        "path": str(place),
        **graph_facts(bundle.graph),
        "findings": [finding.to_dict() for finding in bundle.findings],
        "manifest": bundle.manifest.to_dict(),
    }


def graph_facts(graph: Graph | Description) -> dict[str, Any]:
    """Give a network's populations and projections in numbers; delays in seconds where no step is known."""
    return {
        "name": graph.name,
        "dt_s": graph.dt_s,
        "input": {"size": graph.input_size, "max": graph.input_max},
        "readout": None
        if graph.readout is None
        else {"population": graph.readout.population, "score": graph.readout.score},
        "populations": [
            {
                "name": p.name,
                "model": p.model.value,
                "neurons": p.size,
                **({"tau_s": _range(p.tau_s)} if p.model.leaky else {}),
                **({"tau_syn_s": _range(p.tau_syn_s)} if p.model.filtered else {}),
            }
            for p in graph.populations
        ],
        "projections": [
            {
                "name": p.name,
                "taps": p.n_taps,
                "synapses": len(p.listed),
                "density": _density(p),
                "weight": _range(p.listed.weight),
                **_delays(p.listed.delay_s, graph.dt_s),
            }
            for p in graph.projections
        ],
        **({"findings": [note.to_dict() for note in graph.notes]} if graph.notes else {}),
    }


def _density(projection: Projection) -> float:
    """Give the part of the pairs of neurons that have a synapse."""
    _, n_post, n_pre = projection.shape
    pairs = np.unique(projection.listed.post.astype(np.int64) * n_pre + projection.listed.pre)
    return float(pairs.size / (n_post * n_pre))


def _delays(delay_s: NDArray[Any], dt_s: float | None) -> dict[str, Any]:
    from neurodeploy.units import delay_to_steps

    if dt_s is None:
        return {"delay_s": _range(delay_s)}
    return {"delay_steps": _range(delay_to_steps(delay_s, dt_s))}


def _range(values: NDArray[Any]) -> list[float] | None:
    """Give the least and the largest value; None where there are none."""
    return [float(values.min()), float(values.max())] if values.size else None


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Give facts as text: a recipe as TOML with comments, else nested values by indentation."""
    if facts["kind"] == "recipe":
        yield f"# recipe {facts['name']}"
        yield from facts["toml"].splitlines()
        return
    yield f"{facts['kind']} {facts['path']}"
    for key, value in facts.items():
        if key == "recipe":
            yield ""
            yield from lines({"kind": "recipe", **value})
        elif key == "manifest":
            yield f"manifest: target {value.get('target')}, NetX {_netx(value)}, {len(value['sha256'])} files"
            yield f"  latency_steps: {_text(value.get('latency_steps'))}"
        elif key in ("populations", "projections"):
            yield f"{key}:"
            for entry in value:
                rest = ", ".join(f"{k} {_text(v)}" for k, v in entry.items() if k != "name")
                yield f"  {entry['name']}: {rest}"
        elif key == "findings":
            for note in value:
                yield f"{note['severity']}[{note['code']}]: {note['message']}: {note['found']}"
                if note["help"]:
                    yield f"  help: {note['help']}"
        elif key == "dt_s" and value is None:
            yield "dt_s: not recorded; --dt SECONDS gives delays in steps"
        elif key not in ("kind", "path"):
            yield f"{key}: {_text(value)}"


def _netx(manifest: Mapping[str, Any]) -> str:
    """Say whether the bundle has a NetX file, and if not, why not."""
    backend = manifest.get("backend", {})
    return "yes" if backend.get("netx") else f"no ({'; '.join(backend.get('netx_misfits', ()))})"


def _text(value: Any) -> str:
    """Give one value in a line."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        # A pair of floats is a range of values.
        if len(value) == 2 and all(isinstance(entry, float) for entry in value):
            return f"{value[0]:g} to {value[1]:g}" if value[0] != value[1] else f"{value[0]:g}"
        return ", ".join(_text(entry) for entry in value)
    return str(value)
