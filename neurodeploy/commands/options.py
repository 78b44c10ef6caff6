"""Arguments and output that several commands share."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from neurodeploy.commands import completion
from neurodeploy.findings.codes_usage import WRONG_USAGE
from neurodeploy.findings.finding import Finding, Severity
from neurodeploy.findings.printable import printable
from neurodeploy.targets.registry import DEFAULT_TARGET

SCHEMA_VERSION = 1
"""Of every ``--json``: a key changes its meaning or goes only with a new number."""

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout, with the same exit code.")
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="Threads to use; by default every core of the process."
)
target_option = click.option(
    "--target",
    default=DEFAULT_TARGET,
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Name of a target, or a TOML file.",
    shell_complete=completion.targets,
)

NO_TARGET = "none"
"""What ``--target`` of a training takes where no chip is meant."""

trained_for_option = click.option(
    "--target",
    default=DEFAULT_TARGET,
    show_default=True,
    metavar=f"NAME|FILE.toml|{NO_TARGET}",
    help="Whose rules a recipe must keep, checked before anything is trained.",
    shell_complete=completion.targets,
)


class StepLength(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A length of a step in seconds: finite and above 0."""

    name = "SECONDS"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give the number."""
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"{value!r}: a step takes more than 0 seconds", param, ctx)
        return seconds


dt_option = click.option(
    "--dt",
    "dt_s",
    type=StepLength(),
    metavar="SECONDS",
    help="Length of a step, for NIR files that do not say.",
)


dialect_option = click.option(
    "--dialect",
    metavar="NAME[:OPTION=VALUE,...]",
    help="Who wrote a NIR file: nir, norse, snntorch, sinabs, rockpool, spikingjelly or spyx.",
    shell_complete=completion.dialects,
)
score_option = click.option(
    "--score",
    metavar="softmax_sum|last|max|per_step|spike_count",
    help="How a NIR file of another framework decides.",
)
input_max_option = click.option(
    "--input-max",
    type=click.IntRange(min=1),
    help="Largest input value of a step, for NIR files of other frameworks.  [default: 1]",
)


class OutOption(click.Option):
    """``-o/--out``; its older name ``--output`` works as well and is not listed."""

    OLDER = "--output"

    def __init__(self, declarations: Sequence[str], **attributes: Any) -> None:
        super().__init__([*declarations, self.OLDER], **attributes)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Give the line of the help without the older name."""
        every = self.opts
        self.opts = [name for name in every if name != self.OLDER]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = every

    def get_error_hint(self, ctx: click.Context | None) -> str:  # noqa: ARG002 (click's signature)
        """Name the option in a finding."""
        return "'-o' / '--out'"


def out_option(metavar: str, help: str, *, required: bool = False) -> Callable[[Any], Any]:
    """Give the decorator of ``-o/--out`` for what a command writes."""
    return click.option(
        "-o",
        "--out",
        cls=OutOption,
        type=click.Path(path_type=Path),
        metavar=metavar,
        required=required,
        help=help,
    )


def show_findings(findings: Sequence[Finding], *, as_json: bool, exit_code: int = 0) -> None:
    """Print findings: JSON to stdout, or text to stderr, coloured on a terminal without ``NO_COLOR``."""
    if as_json:
        told = {"findings": [finding.to_dict() for finding in findings]}
        print_json(told, schema="findings", exit_code=exit_code)
        return
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    for number, finding in enumerate(findings):
        text = finding.render()
        if colour:
            head, _, tail = text.partition(":")
            shade = "red" if finding.severity is Severity.ERROR else "yellow"
            text = f"{click.style(head, bold=True, fg=shade)}:{tail}"
        click.echo(("\n" if number else "") + text, err=True)


def print_json(payload: Mapping[str, Any], *, schema: str, exit_code: int = 0) -> None:
    """Print a JSON object to stdout, with the name of its schema and the exit code of the command.

    Parameters
    ----------
    payload
        JSON-ready; a number that is not finite, which JSON lacks, becomes null.
    schema
        Name of a file in ``neurodeploy/schemas``, without its ending.
    exit_code
        What the command ends with.
    """
    head = {"schema": f"neurodeploy/{schema}/{SCHEMA_VERSION}", "exit_code": int(exit_code)}
    rest = {key: value for key, value in payload.items() if key not in head}
    click.echo(json.dumps(finite({**head, **rest}), indent=1, allow_nan=False))


def finite(value: Any) -> Any:
    """Give a JSON-ready value with null in place of NaN and infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return value


def in_percent(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give facts with every ``accuracy``, 0 to 1, as ``accuracy_percent``: its name in every ``--json``."""
    told: dict[str, Any] = {}
    for key, value in facts.items():
        if isinstance(value, Mapping):
            told[key] = in_percent(value)
        elif (key == "accuracy" or key.endswith("_accuracy")) and isinstance(value, float):
            told[f"{key}_percent"] = 100.0 * value
        else:
            told[key] = value
    return told


def echo(text: str, *, err: bool = False) -> None:
    """Print text in which names may stand: nothing in it can steer a terminal."""
    click.echo(printable(text, lines=True), err=err)


def colours() -> bool:
    """Say whether stdout is a terminal that may be coloured."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    from neurodeploy.files import atomic_file

    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_outputs(bundle: Path, given: Path | None, outputs: Mapping[str, Path]) -> None:
    """Refuse outputs that would overwrite each other, a file of the bundle or the input.

    Parameters
    ----------
    bundle
        What the command reads.
    given
        The npz file that it reads beside; None for none.
    outputs
        By option.

    Raises
    ------
    NeurodeployError
        ND080, with the option.
    """
    taken: dict[Path, str] = {}
    folder = os.path.realpath(bundle)
    source = None if given is None else os.path.realpath(given)
    for option, path in outputs.items():
        place = Path(os.path.realpath(path))  # Path.resolve raises where links run in a circle
        if place in taken:
            raise WRONG_USAGE.error(
                message=f"wrong usage: {option} and {taken[place]} name one file",
                where=str(path),
                help="Give each output a name of its own.",
            )
        if str(place) == source:
            raise WRONG_USAGE.error(
                message=f"wrong usage: {option} would overwrite the input",
                where=str(path),
                help="Give the output a name of its own.",
            )
        inside = place.is_relative_to(folder)
        if inside and (place.is_file() or (str(place.parent) == folder and place.name in _reserved(bundle))):
            raise WRONG_USAGE.error(
                message=f"wrong usage: {option} would overwrite a file in the bundle, or be read as one",
                where=str(path),
                help="Write it beside the bundle.",
            )
        taken[place] = option


def _reserved(bundle: Path) -> frozenset[str]:
    """Give the names that are read where they are in a bundle: an unlisted one would make it invalid."""
    from neurodeploy.bundle.manifest_file import read_manifest
    from neurodeploy.findings.finding import NeurodeployError
    from neurodeploy.targets.registry import TARGET_FILE, target_of

    try:
        return frozenset({TARGET_FILE, *target_of(bundle, read_manifest(bundle).target).files})
    except NeurodeployError:  # no bundle: whoever opens it says so
        return frozenset()
