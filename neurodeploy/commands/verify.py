"""``neurodeploy verify``: every parity level of a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.commands import options
from neurodeploy.paths import existing


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


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--samples", type=SampleCount(), default="all", help="Samples of each set for P2 [default: all]."
)
@click.option("--lava", type=click.IntRange(min=0), metavar="N", help="Samples that Lava runs (P3).")
@click.option(
    "--require",
    multiple=True,
    metavar="lava",
    help="Exit with 4 where this backend is missing; without --lava it runs 4 samples.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(min=0),
    metavar="POINTS",
    help="Fail if the integers lose more accuracy than this, in percentage points.",
)
@click.option(
    "--input",
    "given",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Measure on these spikes (and labels, mask) in place of the bundle's sets.",
)
@click.option(
    "--json",
    "json_to",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="JSON to a file, or to stdout where no file or - is given; the exit code is the same.",
)
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
    require: tuple[str, ...],
    max_drop: float | None,
    given: Path | None,
    json_to: str | None,
    junit: Path | None,
    report: Path | None,
    threads: int | None,
) -> None:
    """Prove that a bundle computes what was trained, level by level.

    P1: the trained network against its NIR file. P2: float against integers, accuracy and spikes. P3: the
    integers against Lava, bit for bit. What did not run is listed as skipped, with the reason.
    """
    from neurodeploy.verify.verify import verify

    existing(bundle)
    if given is not None:
        existing(given)
    quiet = json_to == "-"
    say = options.progress_lines(quiet=quiet)
    result = verify(
        bundle,
        samples=samples or None,
        lava=lava,
        require=frozenset(require),
        max_drop=max_drop,
        given=given,
        threads=threads,
        progress=say,
    )
    options.end_progress(quiet=quiet)
    if json_to is not None and not quiet:
        from neurodeploy.report.json_report import to_json

        options.write_text(Path(json_to), to_json(result))
    if junit is not None:
        from neurodeploy.report.junit import to_junit

        options.write_text(junit, to_junit(result))
    if report is not None:
        from neurodeploy.report.html import to_html

        options.write_text(report, to_html(result))
    if quiet:
        options.print_json(result.to_dict(), schema="verify", exit_code=result.exit_code)
    else:
        from neurodeploy.report.terminal import print_verification

        print_verification(result, colour=options.colours())
        for path in filter(None, (report, junit, None if json_to is None else Path(json_to))):
            options.echo(f"report: {path}")
    ctx.exit(result.exit_code)
