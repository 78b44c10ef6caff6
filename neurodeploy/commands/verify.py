"""``neurodeploy verify``: every parity level of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurodeploy.commands import options, progress_bar
from neurodeploy.files.paths import existing
from neurodeploy.findings.codes_usage import WRONG_USAGE

if TYPE_CHECKING:
    from neurodeploy.verify.verification import Verification


class SampleCount(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A number of samples, or ``all``."""

    name = "N|all"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give the number; 0 stands for ``all``, which is why 0 samples cannot be asked for."""
        if value == "all" or isinstance(value, int):
            return 0 if value == "all" else int(str(value))
        try:
            number = int(str(value))
        except ValueError:
            number = 0
        if number < 1:
            self.fail(f"{value!r} is neither a number above 0 nor 'all'", param, ctx)
        return number


class RuntimeCount(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A number of samples, or the name of a runtime and a number: ``4`` or ``lava=4``."""

    name = "[NAME=]N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Give name and number; the empty name stands for the target's own runtime."""
        if isinstance(value, tuple):
            return value
        name, _, text = str(value).rpartition("=")
        try:
            number = int(text)
        except ValueError:
            number = 0
        if number < 1:
            self.fail(f"{value!r} is neither a number above 0 nor NAME=N", param, ctx)
        return name, number


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--samples", type=SampleCount(), default="all", help="Samples of each set for P2 [default: all]."
)
@click.option(
    "--lava",
    type=click.IntRange(min=1),
    metavar="N",
    help="Samples that Lava must run (P3): exit code 4 where it is missing.",
)
@click.option(
    "--lava-if-present",
    type=click.IntRange(min=1),
    metavar="N",
    help="The same where Lava is there; where it is not, P3 is skipped.",
)
@click.option(
    "--runtime",
    "runtimes",
    type=RuntimeCount(),
    multiple=True,
    metavar="[NAME=]N",
    help="Samples that a runtime of the target must run, by default its first; --lava N is lava=N.",
)
@click.option(
    "--runtime-if-present",
    "if_present",
    type=RuntimeCount(),
    multiple=True,
    metavar="[NAME=]N",
    help="The same where it is there.",
)
@click.option(
    "--max-drop",
    type=float,
    metavar="POINTS",
    help="Fail if the integers lose more accuracy than this, in percentage points.",
)
@click.option(
    "--confidence",
    type=float,
    metavar="0..1",
    help="Hold --max-drop against the upper end of the paired interval at this confidence, for example 0.95.",
)
@click.option(
    "--input",
    "given",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Measure on these spikes (and labels, mask) in place of the bundle's sets.",
)
@options.json_option
@click.option("--json-to", type=click.Path(path_type=Path), metavar="FILE", help="The same JSON to a file.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="JUnit XML, one case a check.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE.html", help="One self-contained HTML."
)
@options.threads_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    bundle: Path,
    samples: int,
    lava: int | None,
    lava_if_present: int | None,
    runtimes: tuple[tuple[str, int], ...],
    if_present: tuple[tuple[str, int], ...],
    max_drop: float | None,
    confidence: float | None,
    given: Path | None,
    as_json: bool,
    json_to: Path | None,
    junit: Path | None,
    report: Path | None,
    threads: int | None,
) -> None:
    """Prove that a bundle computes what was trained, level by level.

    P1: the trained network against its NIR file. P2: float against integers, accuracy and spikes. P3: the
    integers against Lava, bit for bit. What did not run is listed as skipped, with the reason; what ran
    without a limit as measured.
    """
    existing(bundle)
    if given is not None:
        existing(given)
    outputs = {"--json-to": json_to, "--junit": junit, "--report": report}
    written = {option: path for option, path in outputs.items() if path is not None}
    options.check_outputs(bundle, given, written)
    required = by_name(runtimes, lava)
    optional = by_name(if_present, lava_if_present)
    with progress_bar.shown("loading", quiet=as_json) as progress:
        from neurodeploy.api.bundles import verify

        result = verify(
            bundle,
            samples=samples or None,
            runtimes=required,
            if_present=optional,
            max_drop=max_drop,
            confidence=confidence,
            given=given,
            threads=threads,
            progress=progress,
        )
    for option, path in written.items():
        options.write_text(path, _document(option, result))
    if as_json:
        options.print_json(result.to_dict(), schema="verify", exit_code=result.exit_code)
    else:
        from neurodeploy.report.terminal import print_verification

        print_verification(result, colour=options.colours())
        for path in written.values():
            options.echo(f"report: {path}")
    ctx.exit(result.exit_code)


def by_name(named: Sequence[tuple[str, int]], lava: int | None) -> dict[str, int]:
    """Give the number of samples of each runtime; ND080 where one is asked for twice."""
    every = [*named, *([] if lava is None else [("lava", lava)])]
    numbers = dict(every)
    if len(numbers) < len(every):
        raise WRONG_USAGE.error(
            message="wrong usage: a runtime is asked for twice",
            where=", ".join(name or "the target's own" for name, _ in every),
            help="Give one number of samples for each.",
        )
    return numbers


def _document(option: str, result: Verification) -> str:
    """Give the report that an option asks for."""
    if option == "--json-to":
        from neurodeploy.report.json_report import to_json

        return to_json(result)
    if option == "--junit":
        from neurodeploy.report.junit import to_junit

        return to_junit(result)
    from neurodeploy.report.html import to_html

    return to_html(result)
