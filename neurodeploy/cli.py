"""The program: which commands exist, what happens when one fails, and the exit code."""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from neurodeploy import __version__
from neurodeploy.commands.options import show_findings
from neurodeploy.extras import package_missing
from neurodeploy.findings.codes_usage import (
    INTERRUPTED,
    SYSTEM_REFUSES,
    UNKNOWN_COMMAND,
    WRONG_USAGE,
)
from neurodeploy.findings.finding import Exit, NeurodeployError, nearest

COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("train", "Train a recipe."),
    "export": ("export", "Turn a run or a NIR file into a bundle for a target."),
    "verify": ("verify", "Prove that a bundle computes what was trained."),
    "run": ("run", "Feed a bundle input spikes on one backend."),
    "check": ("check", "Say whether a network fits a target, and every reason why not."),
    "inspect": ("inspect", "Show what is in a recipe, run, NIR file or bundle."),
    "sweep": ("sweep", "Train a grid of settings over seeds."),
    "lava": ("lava", "Install Lava's own environment, or say how it is."),
    "doctor": ("doctor", "Show versions, Lava, cores and folders."),
    "targets": ("targets", "List the targets and their limits."),
    "models": ("models", "List the shipped recipes."),
    "explain": ("explain", "Explain the code of a finding."),
}
"""Commands by name: the module of ``neurodeploy.commands`` whose ``command`` it is, and its line of help.
Modules are imported when their command is called, so that ``--help`` stays quick."""

CTRL_C = 128 + 2
"""Exit code after Ctrl-C: 128 and the signal's number, as shells have it."""

EXIT_CODES = """\
\b
Exit codes:
  0  every required check ran and passed
  1  a gate failed
  2  wrong usage or bad input
  3  the network breaks a rule of the target
  4  a required backend is missing or did not run
  5  a bundle's content does not match its hashes
"""

_OUTPUT_ERRORS = frozenset(
    {
        errno.ENOSPC,
        errno.EROFS,
        errno.ENAMETOOLONG,
        errno.EACCES,
        errno.EPERM,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
    }
)


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
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise UNKNOWN_COMMAND.error(
                where="neurodeploy",
                found=args[0],
                limit=", ".join(COMMANDS),
                help=nearest(args[0], COMMANDS) or "See `neurodeploy --help`.",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table alone, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run and exit: findings to stderr, or as JSON to stdout where ``--json`` was given."""
        argv = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        extra.setdefault("prog_name", "neurodeploy")
        try:
            result = super().main(argv, *rest, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(Exit.BAD_INPUT)
        except (NeurodeployError, click.ClickException, OSError, ModuleNotFoundError) as error:
            stopped = as_findings(error)
            if stopped is None:
                raise
            show_findings(stopped.findings, as_json=wants_json(argv))
            sys.exit(stopped.exit_code)
        except (click.Abort, KeyboardInterrupt):
            note = INTERRUPTED.finding(
                help="Nothing half-written was left; train and sweep continue with --resume.",
            )
            show_findings([note], as_json=wants_json(argv))
            sys.exit(CTRL_C)
        sys.exit(result if isinstance(result, int) else Exit.OK)


def wants_json(argv: Sequence[str]) -> bool:
    """Say whether the command line asks for JSON, also where it could not be parsed."""
    return any(word == "--json" or word.startswith("--json=") for word in argv)


def as_findings(error: Exception) -> NeurodeployError | None:
    """Turn an error that a user can cause into findings; None for a bug of ours."""
    if isinstance(error, NeurodeployError):
        return error
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "neurodeploy"
        return WRONG_USAGE.error(
            message=f"wrong usage: {error.format_message().rstrip('.')}",
            where=path,
            help=f"See `{path} --help`.",
        )
    if isinstance(error, ModuleNotFoundError):
        if (error.name or "").partition(".")[0] == __package__:
            return None
        return package_missing(error)
    if isinstance(error, OSError) and error.errno in _OUTPUT_ERRORS:
        return SYSTEM_REFUSES.error(
            where=str(error.filename or ""),
            found=error.strerror or str(error),
            help="Check the path, its permissions and the free space.",
        )
    return None


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
