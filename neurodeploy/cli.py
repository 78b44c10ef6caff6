"""The program: which commands exist, what happens when one fails, and the exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

from neurodeploy import __version__
from neurodeploy.commands.options import show_findings
from neurodeploy.findings.codes_usage import UNKNOWN_COMMAND
from neurodeploy.findings.finding import Exit, nearest

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Write a commented recipe to start from."),
    "train": ("train", "Train a recipe."),
    "export": ("export", "Turn a run or a NIR file into a bundle for a target."),
    "verify": ("verify", "Prove that a bundle computes what was trained."),
    "run": ("run", "Feed a bundle input spikes on one backend."),
    "check": ("check", "Say whether a network fits a target, and every reason why not."),
    "inspect": ("inspect", "Show what is in a recipe, run, NIR file or bundle."),
    "nir": ("nir", "Write a network as a NIR file, for us or for another framework."),
    "sweep": ("sweep", "Train a grid of settings over seeds."),
    "lava": ("lava", "Install Lava's own environment, or say how it is."),
    "doctor": ("doctor", "Show versions, Lava, cores and folders."),
    "targets": ("targets", "List the targets and their limits."),
    "models": ("models", "List the shipped recipes."),
    "explain": ("explain", "Explain the code of a finding."),
}
"""Commands by name: the module of ``neurodeploy.commands`` whose ``command`` it is, and its line of help.
Modules are imported when their command is called, so that ``--help`` stays quick."""

EXIT_CODES = """\
\b
Exit codes:
  0  every required check ran and none failed
  1  a gate failed
  2  wrong usage or bad input
  3  the network breaks a rule of the target
  4  a required backend is missing or did not run
  5  a bundle's content does not match its hashes
  70, 130, 143  an internal error, Ctrl-C, SIGTERM
"""

TRACEBACK_VARIABLE = "NEURODEPLOY_TRACEBACK"
"""For work on the program itself: where it is set, an exception is raised and not turned into a finding."""


class Program(click.Group):
    """A group that loads commands late and turns errors into findings and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Give the names in the order of the pipeline."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command's module; ND081 where the command does not exist."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"neurodeploy.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or raise ND081 with the nearest name."""
        if not ctx.resilient_parsing and args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise UNKNOWN_COMMAND.error(
                where="neurodeploy",
                found=args[0],
                limit=", ".join(COMMANDS),
                help=nearest(args[0], COMMANDS) or "See `neurodeploy --help`.",
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; where the reader of its output has gone, as in ``... | head``, end quietly."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click itself would exit with 1, which is a gate's
            abandon_stdout()
            ctx.exit(Exit.BROKEN_PIPE)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table alone, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run and exit: findings to stderr, or as JSON to stdout where ``--json`` was given."""
        argv = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        extra.setdefault("prog_name", "neurodeploy")
        encodable_streams()
        with terminable():
            try:
                result = super().main(argv, *rest, **extra)
                sys.stdout.flush()  # a full disk shows here, where it can still be told
            except click.exceptions.NoArgsIsHelpError as error:
                click.echo(error.format_message())
                sys.exit(Exit.BAD_INPUT)
            except BrokenPipeError:
                abandon_stdout()
                sys.exit(Exit.BROKEN_PIPE)
            except Exception as error:
                if os.environ.get(TRACEBACK_VARIABLE):
                    raise
                stop(error, as_json=wants_json(argv))
            except KeyboardInterrupt as error:
                stop(error, as_json=wants_json(argv))
        sys.exit(result if isinstance(result, int) else Exit.OK)


def stop(error: BaseException, *, as_json: bool) -> NoReturn:
    """Show an error as findings and exit; where stdout itself cannot be written, stderr gets them."""
    from neurodeploy.commands.failure import as_findings

    stopped = as_findings(error)
    try:
        show_findings(stopped.findings, as_json=as_json, exit_code=stopped.exit_code)
        sys.stdout.flush()
    except OSError:
        abandon_stdout()
        with contextlib.suppress(OSError):
            show_findings(stopped.findings, as_json=False)
    sys.exit(stopped.exit_code)


def encodable_streams() -> None:
    """Let no character break the output: what a stream's encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        # UTF-8 lacks lone surrogates only, and with `surrogateescape` they are a file name's own bytes.
        kept = "surrogateescape" if str(stream.encoding).lower().startswith("utf") else "backslashreplace"
        if hasattr(stream, "reconfigure") and stream.errors not in (kept, "backslashreplace"):
            stream.reconfigure(errors="backslashreplace")


def abandon_stdout() -> None:
    """Send what is left in stdout's buffer nowhere, so that the interpreter's last flush cannot fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM raise, as Ctrl-C does, so that temporary folders are removed and children ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def raise_terminated(*_: object) -> None:
        from neurodeploy.commands.failure import Terminated

        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: the clean-up must not be cut short
        raise Terminated

    before = signal.signal(signal.SIGTERM, raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wants_json(argv: Sequence[str]) -> bool:
    """Say whether the command line asks for JSON, also where it could not be parsed."""
    return any(word == "--json" or word.startswith("--json=") for word in argv)


@click.group(
    "neurodeploy", cls=Program, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="neurodeploy", message="%(prog)s %(version)s")
def program() -> None:
    """Train spiking networks with delays, deploy them to Loihi 2, and prove the deployment equal."""


def main() -> None:
    """Run the command line: the console script's entry point."""
    program.main()


if __name__ == "__main__":
    main()
