"""The dialects by name, and what of each a file leaves open: ``NAME[:OPTION=VALUE,...]``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from neurodeploy.findings.codes_dialects import DIALECT_OPEN, UNKNOWN_DIALECT
from neurodeploy.findings.finding import Finding, NeurodeployError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a file does not say, and what it may have been.

    Attributes
    ----------
    values
        What can be said; empty for a number.
    default
        What holds where nothing is said; None where it has to be said, because two settings that both are
        common give the same file.
    """

    values: tuple[str, ...] = ()
    default: str | None = None

    def takes(self, value: str) -> bool:
        """Say whether a value can be said."""
        if self.values:
            return value in self.values
        try:
            return math.isfinite(float(value))
        except ValueError:
            return False

    def shown(self) -> str:
        """Give what can be said, for a message."""
        return "|".join(self.values) or "NUMBER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A dialect before anything is said of one file.

    Attributes
    ----------
    title
        Framework and version whose exporter and neurons were read and run.
    choices
        What its files leave open.
    dt_s
        Length of a step that its exporter always writes, in seconds; None where the caller gives it.
    """

    title: str
    choices: Mapping[str, Choice] = field(default_factory=dict)
    dt_s: float | None = None


FRAMEWORKS: Mapping[str, Framework] = {
    "nir": Framework(title="NIR's own equations"),
    "norse": Framework(
        title="Norse 1.1.0",
        choices={
            "reset": Choice(values=("value", "subtract"), default="value"),
            "v_reset": Choice(default="0"),
        },
    ),
    "snntorch": Framework(
        title="snnTorch 1.0.0",
        choices={"reset": Choice(values=("zero", "subtract", "subtract-at-once"))},
        dt_s=1e-4,
    ),
    "sinabs": Framework(
        title="sinabs 3.1.3",
        choices={
            "reset": Choice(values=("zero", "subtract")),
            "spikes": Choice(values=("single", "multi")),
            "norm_input": Choice(values=("default", "yes", "no"), default="default"),
            "tau_syn": Choice(values=("none", "lost"), default="none"),
        },
    ),
    "rockpool": Framework(title="Rockpool 3.1.0", choices={"spikes": Choice(values=("single", "multi"))}),
    "spikingjelly": Framework(title="SpikingJelly 2.0.0"),
    "spyx": Framework(title="Spyx 1.0.0"),
}
"""By the name that ``--dialect`` takes."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Who wrote a file, and what was said of what it leaves open.

    Attributes
    ----------
    name
        A key of :data:`FRAMEWORKS`.
    options
        A value for each of its choices.
    """

    name: str
    options: Mapping[str, str]

    @property
    def framework(self) -> Framework:
        """The framework."""
        return FRAMEWORKS[self.name]

    def __str__(self) -> str:
        said = ",".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.name}:{said}" if said else self.name


def dialect_of(spec: str | None) -> Dialect | None:
    """Read ``NAME[:OPTION=VALUE,...]``; None stays None.

    Raises
    ------
    NeurodeployError
        ND150 an unknown dialect, option or value; ND151 a choice that has to be made.
    """
    if spec is None:
        return None
    name, _, rest = spec.partition(":")
    framework = FRAMEWORKS.get(name)
    if framework is None:
        raise UNKNOWN_DIALECT.error(
            where="dialect", found=spec, limit=", ".join(FRAMEWORKS), help=nearest(name, FRAMEWORKS)
        )
    said: dict[str, str] = {}
    for part in rest.split(",") if rest else ():
        key, _, value = part.partition("=")
        choice = framework.choices.get(key)
        if choice is None or key in said or not choice.takes(value):
            known = ", ".join(f"{key}={choice.shown()}" for key, choice in framework.choices.items())
            raise UNKNOWN_DIALECT.error(
                message=f"the dialect {name} has no such option or value",
                where=f"dialect {name}",
                found=part,
                limit=f"{known or 'no options'}; each once",
                help=nearest(key, framework.choices),
            )
        said[key] = value
    options = {key: said.get(key, choice.default) for key, choice in framework.choices.items()}
    found = {key: value for key, value in options.items() if value is not None}
    missing = [key for key in options if key not in found]
    if missing:
        raise NeurodeployError(_open(name, framework, missing))
    return Dialect(name, found)


def _open(name: str, framework: Framework, missing: list[str]) -> Finding:
    shown = ",".join(f"{key}={framework.choices[key].shown()}" for key in missing)
    return DIALECT_OPEN.finding(
        where=f"dialect {name}",
        found=f"nothing said of {' and '.join(missing)}",
        limit=f"{name}:{shown}",
        help="Look at how the network was built, and say it.",
    )
