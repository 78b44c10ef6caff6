"""``neurodeploy doctor``: what a bug report should say about a machine."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from neurodeploy import __version__
from neurodeploy.commands import options

PACKAGES = ("numpy", "numba", "h5py", "nir", "pydantic", "scipy", "torch", "norse", "tonic", "ray", "uv")
"""Dependencies whose versions matter; the last ones come with extras."""


@click.command("doctor")
@click.option(
    "--deep", is_flag=True, help="Import Lava, which takes seconds, in place of reading the marker."
)
@options.json_option
def command(*, deep: bool, as_json: bool) -> None:
    """Show versions, whether Lava can run, cores and folders; what is missing is told, not an error."""
    from neurodeploy.machine import available_cores, cache_folder
    from neurodeploy.shipped import folder
    from neurodeploy.targets.loihi.lava.environment import status
    from neurodeploy.targets.registry import target_names

    lava = status(deep=deep)
    facts: dict[str, Any] = {
        "neurodeploy": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cores": available_cores(),
        "packages": {name: _version(name) for name in PACKAGES},
        "targets": target_names(),
        "lava": lava.to_dict(),
        "folders": {
            "cache": str(cache_folder()),
            "recipes": str(folder("models")),
            "targets": str(folder("targets")),
        },
    }
    if as_json:
        options.print_json(facts, schema="doctor")
        return
    for key in ("neurodeploy", "python", "executable", "platform", "cores"):
        options.echo(f"{key}: {facts[key]}")
    options.echo(f"packages: {', '.join(f'{name} {found}' for name, found in facts['packages'].items())}")
    options.echo(f"targets: {', '.join(facts['targets'])}")
    if lava.ready:
        versions = ", ".join(f"{name} {found}" for name, found in lava.versions.items())
        options.echo(f"lava: ready ({lava.origin}), {lava.python}, {versions}")
    else:
        options.echo(f"lava: not ready ({lava.origin}), {lava.reason}; run `neurodeploy lava install`")
    for name, path in facts["folders"].items():
        options.echo(f"{name} folder: {path}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
