"""What every table of a recipe shares: frozen, no unknown keys, no keys that would have no effect."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, model_validator

from neurodeploy.findings.finding import Finding


class RuleError(ValueError):
    """Rules that a recipe breaks, found while it is checked."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(finding.message for finding in findings))


class UnusedKeyError(ValueError):
    """A key was given that has no effect beside another key's value."""

    def __init__(self, key: str, switch: str, value: object, needs: tuple[str, ...]) -> None:
        self.key = key
        self.needs = f"{switch} = {' or '.join(repr(need) for need in needs)}"
        self.found = f"{switch} = {value!r}"
        super().__init__(f"{key} has no effect with {self.found}")


def only(switch: str, *values: str) -> dict[str, Any]:
    """Mark a field as used only where the field ``switch`` of the same table has one of ``values``."""
    return {"only": [switch, list(values)]}


class Section(BaseModel):
    """One table of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def needs(cls, name: str) -> tuple[str, tuple[str, ...]] | None:
        """Give the switch and its values under which a field is used; None where it always is."""
        extra = cls.model_fields[name].json_schema_extra
        if not isinstance(extra, dict) or "only" not in extra:
            return None
        switch, values = cast("tuple[str, list[str]]", extra["only"])
        return switch, tuple(values)

    @classmethod
    def admits(cls, name: str, value: object) -> bool:
        """Say whether a field counts beside a value of its switch; always, where it has none."""
        needs = cls.needs(name)
        return needs is None or value in needs[1]

    def used(self, name: str) -> bool:
        """Say whether a field has an effect, given the other fields of its table."""
        needs = self.needs(name)
        return needs is None or (self.admits(name, getattr(self, needs[0])) and self.used(needs[0]))

    @model_validator(mode="after")
    def _no_key_without_effect(self) -> Section:
        for name in sorted(self.model_fields_set):
            if not self.used(name):
                switch, values = self.needs(name) or ("", ())
                raise UnusedKeyError(name, switch, getattr(self, switch), values)
        return self
