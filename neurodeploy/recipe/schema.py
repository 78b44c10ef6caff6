"""The schema of a recipe: data, network and training, with the rules between their keys."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from neurodeploy.recipe.network import Network
from neurodeploy.recipe.plugins import BUILT_IN, dataset_names, options_of
from neurodeploy.recipe.section import RuleError, Section, only

FILES = ("events", "shd", "ssc")
ANOTHER = "another package's data set"


class Augment(Section):
    """Changes to the training samples, drawn anew for each batch; never applied to held-out sets."""

    time_shift_steps: int = Field(
        default=0,
        ge=0,
        le=10000,
        description="Each sample is shifted by a whole number of steps within +- this.",
    )
    channel_shift: int = Field(
        default=0,
        ge=0,
        le=65536,
        description="Each sample is shifted by a whole number of binned channels within +- this.",
    )
    time_stretch: float = Field(
        default=0.0, ge=0, lt=1, description="Each sample's time is stretched by a factor within 1 +- this."
    )
    channel_stretch: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Each sample's channels are stretched by a factor within 1 +- this.",
    )
    drop: float = Field(default=0.0, ge=0, lt=1, description="Probability that an input spike is dropped.")
    blend: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Probability that half of a sample's spikes come from another sample of its class.",
    )


class Data(Section):
    """Which samples, and how they become spikes on a grid of steps and channels."""

    kind: str = Field(
        description="Generated temporal XOR; files in SHD's HDF5 format by path; SHD or SSC through tonic; "
        "or the name of another package's data set (entry point group neurodeploy.datasets).",
        json_schema_extra={"enum": list(BUILT_IN)},
    )
    dt_s: float = Field(default=0.01, ge=1e-6, le=1, description="Length of one step, in seconds.")
    steps: int = Field(
        default=100, ge=1, le=10000, description="Steps of a sample; spikes after them are cut."
    )
    channels: int = Field(default=140, ge=1, le=65536, description="Input channels after summing neighbours.")
    source_channels: int = Field(
        default=700,
        ge=1,
        le=65536,
        description="Channels in the files; a whole multiple of channels.",
        json_schema_extra=only("kind", *FILES),
    )
    input: Literal["binary", "count"] = Field(
        default="binary", description="A bin holds 0 or 1, or the number of its spikes up to max_count."
    )
    max_count: int = Field(
        default=15,
        ge=1,
        le=255,
        description="Largest count of a bin; counts above it are cut to it.",
        json_schema_extra=only("input", "count"),
    )
    train_files: str = Field(
        default="*train*.h5",
        pattern=r"^[^/\\]+$",
        max_length=255,
        description="Name pattern of the training file in the folder given by --data.",
        json_schema_extra=only("kind", "events"),
    )
    validation_files: str = Field(
        default="*valid*.h5",
        pattern=r"^[^/\\]+$",
        max_length=255,
        description="Name pattern of the validation file; without it, a fraction.",
        json_schema_extra=only("kind", "events"),
    )
    test_files: str = Field(
        default="*test*.h5",
        pattern=r"^[^/\\]+$",
        max_length=255,
        description="Name pattern of the test file.",
        json_schema_extra=only("kind", "events"),
    )
    validation_fraction: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Fraction of each class split off the training samples where there is no validation "
        "file; never the test set.",
        json_schema_extra=only("kind", "events", "shd"),
    )
    train_trials: int = Field(
        default=10240,
        ge=1,
        le=10**8,
        description="Generated training trials.",
        json_schema_extra=only("kind", "mts-xor"),
    )
    validation_trials: int = Field(
        default=1024,
        ge=1,
        le=10**8,
        description="Generated validation trials.",
        json_schema_extra=only("kind", "mts-xor"),
    )
    test_trials: int = Field(
        default=1024,
        ge=1,
        le=10**8,
        description="Generated test trials.",
        json_schema_extra=only("kind", "mts-xor"),
    )
    augment: Augment = Field(
        default_factory=Augment,
        description="Changes to the training samples.",
        json_schema_extra=only("kind", *FILES),
    )

    options: dict[str, Any] = Field(
        default_factory=dict,
        validate_default=True,
        description="The keys that another package's data set has.",
    )

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in BUILT_IN and kind not in (others := dataset_names()):
            installed = (
                f"of other packages: {', '.join(others)}" if others else "and no other package brings one"
            )
            raise ValueError(f"there is no such kind of data, {installed}")
        return kind

    @field_validator("options")
    @classmethod
    def _options_of_kind(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        kind = info.data.get("kind")  # missing where the kind itself is refused
        return options if kind is None or kind in BUILT_IN else options_of(kind, options)

    @classmethod
    def needs(cls, name: str) -> tuple[str, tuple[str, ...]] | None:
        """Give the switch of a field; that of the options is every kind that is not built in."""
        return ("kind", (ANOTHER,)) if name == "options" else super().needs(name)

    @classmethod
    def admits(cls, name: str, value: object) -> bool:
        """Say whether a field counts beside a value of its switch."""
        return value not in BUILT_IN if name == "options" else super().admits(name, value)

    @property
    def input_max(self) -> int:
        """Largest value of an input bin: 1 for binary input, else ``max_count``."""
        return 1 if self.input == "binary" else self.max_count


class Train(Section):
    """How the network is trained: Adam, with a schedule for weights and one for delays."""

    epochs: int = Field(default=50, ge=1, le=10**6, description="Passes over the training set.")
    batch_size: int = Field(default=64, ge=1, le=10**6, description="Samples of a batch.")
    lr: float = Field(default=1e-3, gt=0, le=1e6, description="Learning rate of weights and BatchNorm.")
    lr_delay: float = Field(default=0.1, gt=0, le=1e6, description="Learning rate of delays, in steps.")
    lr_tau: float = Field(
        default=1e-2, gt=0, le=1e6, description="Learning rate of time constants (of logit(dt/tau))."
    )
    lr_schedule: Literal["constant", "one_cycle", "step", "cosine"] = Field(
        default="one_cycle",
        description="Rate over the epochs; step halves it at lr_step_first and every lr_step_every after.",
    )
    lr_step_first: int = Field(
        default=25,
        ge=1,
        le=10**6,
        description="First epoch at a halved rate.",
        json_schema_extra=only("lr_schedule", "step"),
    )
    lr_step_every: int = Field(
        default=5,
        ge=1,
        le=10**6,
        description="Epochs between two halvings.",
        json_schema_extra=only("lr_schedule", "step"),
    )
    delay_schedule: Literal["cosine", "constant"] = Field(
        default="cosine", description="Learning rate of the delays over the epochs."
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1e6, description="L2 penalty on the weights.")
    keep: Literal["best", "last"] = Field(
        default="best", description="Which epoch's weights are kept: best on the validation set, or the last."
    )
    seed: int = Field(
        default=0, ge=0, le=2**32 - 1, description="Seed of weights, order, augmentation and splits."
    )
    threads: int = Field(default=0, ge=0, le=1024, description="Threads; 0 takes every core.")


class Recipe(Section):
    """A recipe: everything that decides a training run, apart from the data files themselves."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=100,
        description="Short name: lower-case letters, digits and hyphens.",
    )
    description: str = Field(default="", max_length=4000, description="What it trains, in a sentence.")
    source: str = Field(default="", max_length=4000, description="Paper that the settings come from.")
    data: Data = Field(description="Which samples, and how they become spikes.")
    network: Network = Field(default_factory=Network, description="Populations and what connects them.")
    train: Train = Field(default_factory=Train, description="How the network is trained.")

    def __repr__(self) -> str:
        hidden = "-".join(map(str, self.network.hidden))
        return (
            f"Recipe {self.name!r}: {self.description or 'no description'}\n"
            f"  data     {self.data.kind}, {self.data.steps} steps of {self.data.dt_s:g} s\n"
            f"  network  {self.network.neuron}, hidden {hidden}, {self.network.projection.kind}\n"
            f"  train    {self.train.epochs} epochs, seed {self.train.seed}"
        )

    __str__ = __repr__

    @model_validator(mode="after")
    def _rules_between_keys(self) -> Recipe:
        from neurodeploy.recipe.consistency import check_recipe

        findings = tuple(check_recipe(self))
        if findings:
            raise RuleError(findings)
        return self
