"""``neurodeploy nir``: a network as a NIR file, rewritten for the framework that is to read it."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.commands import completion, options


@click.command("nir")
@click.argument("source", metavar="RUN|FILE.nir|BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--for",
    "reader",
    metavar="NAME",
    help="Who is to read it: norse, snntorch, spikingjelly or nir-1.0.4.  [default: as the network is]",
    shell_complete=completion.readers,
)
@options.out_option("FILE.nir", help="The file to write.", required=True)
@options.dt_option
@options.json_option
def command(source: Path, *, reader: str | None, out: Path, dt_s: float | None, as_json: bool) -> None:
    """Write the float network of a run, a bundle or a NIR file as a NIR file.

    With --for the network is rewritten as one framework's importer reads it right, and computes the same
    there; what the framework has no place for, delays above all, is refused with the reason (ND170).
    """
    from neurodeploy.api.networks import write_nir

    options.check_outputs(source, source if source.is_file() else None, {"-o": out})
    written = write_nir(source, out, reader=reader, dt_s=dt_s)
    if as_json:
        told = {"source": str(source), "path": str(out), "for": reader, "dt": written.dt_s}
        options.print_json(told, schema="nir")
        return
    options.echo(f"{out}: {len(written.populations)} populations, a step of {written.dt_s:g} s")
