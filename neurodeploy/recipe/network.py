"""The network's part of a recipe: neurons, time constants, projections and readout."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from neurodeploy.hierarchy import over_depth
from neurodeploy.recipe.section import Section, only

Size = Annotated[int, Strict(), Field(ge=1, le=65536)]


class Tau(Section):
    """Time constants of the hidden layers."""

    mode: Literal["fixed", "hierarchical"] = Field(
        default="fixed", description="One value for every layer, or a value that changes with depth."
    )
    tau_s: float = Field(
        default=0.02,
        gt=0,
        le=1e4,
        description="Time constant, in seconds; the mid-depth one of a hierarchy. At least dt_s.",
    )
    dtau_s: float = Field(
        default=0.0,
        ge=-1e4,
        le=1e4,
        description="Last layer's time constant minus the first's, in seconds; below 0 is reversed.",
        json_schema_extra=only("mode", "hierarchical"),
    )
    shape: Literal["tanh", "linear"] = Field(
        default="tanh",
        description="How the time constant changes over depth.",
        json_schema_extra=only("mode", "hierarchical"),
    )
    centre: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Depth at which tanh is steepest; 0 is the first hidden layer and 1 the last.",
        json_schema_extra=only("mode", "hierarchical"),
    )
    steepness: float = Field(
        default=0.5,
        ge=1e-3,
        le=1e3,
        description="Width of the tanh, as a fraction of the depth; small is a sharp step.",
        json_schema_extra=only("mode", "hierarchical"),
    )
    spread: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Standard deviation within a layer, relative to the layer's value; draws below dt_s are "
        "raised to dt_s.",
    )
    learn: Literal["none", "layer", "neuron"] = Field(
        default="none",
        description="Whether training changes the time constants: never, per layer, per neuron.",
    )

    def of_layers(self, layers: int) -> tuple[float, ...]:
        """Give the time constant of each hidden layer, in seconds.

        Parameters
        ----------
        layers
            Number of hidden layers. A single layer has ``tau_s``.

        Returns
        -------
        tuple[float, ...]
            As :func:`neurodeploy.hierarchy.over_depth`; in mode ``fixed`` all are ``tau_s``.
        """
        if self.mode == "fixed":
            return (self.tau_s,) * layers
        return over_depth(
            layers,
            tau_s=self.tau_s,
            dtau_s=self.dtau_s,
            shape=self.shape,
            centre=self.centre,
            steepness=self.steepness,
        )


class ProjectionKeys(Section):
    """What lies between two populations."""

    kind: Literal["dense", "delays", "convolution"] = Field(
        default="dense",
        description="Weights alone; weights and one delay for each synapse; or a temporal convolution.",
    )
    density: float = Field(
        default=1.0, gt=0, le=1, description="Fraction of the synapses that exist, drawn once from the seed."
    )
    mode: Literal["learned", "fixed", "none"] = Field(
        default="learned",
        description="Delays that are trained, delays that stay as drawn, or no delays (all 0).",
        json_schema_extra=only("kind", "delays"),
    )
    max_delay_steps: int = Field(
        default=24,
        ge=0,
        le=1023,
        description="Longest delay, in steps; the kernel has one slot more."
        " What a chip holds is a rule of its target.",
        json_schema_extra=only("kind", "delays"),
    )
    min_delay_steps: int = Field(
        default=0,
        ge=0,
        le=1023,
        description="Shortest delay, in steps. From 1 on a layer runs on the chip without latency, since "
        "every connection there takes one step of its own.",
        json_schema_extra=only("kind", "delays"),
    )
    delay_init: Literal["uniform", "zero", "middle"] = Field(
        default="uniform",
        description="Delays before training: uniform over the range, all the shortest, or all in the middle.",
        json_schema_extra=only("kind", "delays"),
    )
    kernel: Literal["gauss", "triangle"] = Field(
        default="gauss",
        description="Shape that stands for a delay while it is trained.",
        json_schema_extra=only("kind", "delays"),
    )
    sigma_start: float | None = Field(
        default=None,
        ge=1e-3,
        le=1024,
        description="Width of the kernel before training, in steps; left out: half of max_delay_steps.",
        json_schema_extra=only("kind", "delays"),
    )
    sigma_end: float = Field(
        default=0.5,
        ge=0.01,
        le=1024,
        description="Width of the kernel at the end of its schedule, in steps.",
        json_schema_extra=only("kind", "delays"),
    )
    sigma_schedule: Literal["exponential", "linear", "constant", "adaptive"] = Field(
        default="exponential",
        description="How the width shrinks; constant keeps sigma_end; adaptive shrinks when the loss stalls.",
        json_schema_extra=only("kind", "delays"),
    )
    sigma_fraction: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Fraction of the epochs over which the width shrinks.",
        json_schema_extra=only("kind", "delays"),
    )
    readout_delays: bool = Field(
        default=False,
        description="Whether the projection to the readout has delays too.",
        json_schema_extra=only("kind", "delays"),
    )
    recurrent_delays: bool = Field(
        default=False,
        description="Whether the projections of hidden layers to themselves have delays too; the shortest is "
        "at least 1 step. Counts with network.recurrent.",
        json_schema_extra=only("kind", "delays"),
    )
    kernel_size: int = Field(
        default=5,
        ge=1,
        le=64,
        description="Taps of the temporal convolution at mid-depth.",
        json_schema_extra=only("kind", "convolution"),
    )
    kernel_growth: int = Field(
        default=0,
        ge=-63,
        le=63,
        description="Taps of the last layer minus those of the first.",
        json_schema_extra=only("kind", "convolution"),
    )
    dilation: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Steps between two taps at mid-depth.",
        json_schema_extra=only("kind", "convolution"),
    )
    dilation_growth: int = Field(
        default=0,
        ge=-63,
        le=63,
        description="Dilation of the last layer minus that of the first.",
        json_schema_extra=only("kind", "convolution"),
    )

    @property
    def sigma_first(self) -> float:
        """Width of the kernel before training, in steps: ``sigma_start``, else half of the longest delay."""
        return max(self.max_delay_steps / 2, self.sigma_end) if self.sigma_start is None else self.sigma_start

    def taps_of_layers(self, layers: int) -> tuple[tuple[int, int], ...]:
        """Give ``(taps, dilation)`` of the convolution into each hidden layer.

        Notes
        -----
        Both run linearly over depth from ``value - growth / 2`` to ``value + growth / 2`` and are floored:
        size 5 with growth 3 gives 3 and 6, as arXiv 2407.18838 prints it (to the nearest would give 4 and 7).
        """
        sizes = _over_depth(self.kernel_size, self.kernel_growth, layers)
        return tuple(zip(sizes, _over_depth(self.dilation, self.dilation_growth, layers), strict=True))


def _over_depth(value: int, growth: int, layers: int) -> tuple[int, ...]:
    if layers < 2:
        return (value,) * layers
    # In whole numbers: value - growth/2 + growth*layer/(layers-1) over a common denominator, floored.
    denominator = 2 * (layers - 1)
    return tuple(
        (value * denominator - growth * (layers - 1) + 2 * growth * layer) // denominator
        for layer in range(layers)
    )


class ReadoutKeys(Section):
    """The leaky integrator at the end, which never spikes."""

    tau_s: float = Field(
        default=0.02, gt=0, le=1e4, description="Time constant of the readout, in seconds. At least dt_s."
    )
    score: Literal["softmax_sum", "last", "max", "per_step"] = Field(
        default="softmax_sum",
        description="Class score: sum over steps of softmax(v), v at the last step, largest v, or a decision "
        "each step. The loss is the cross-entropy of the same score.",
    )


class Network(Section):
    """Populations and what connects them."""

    neuron: Literal["lif_box", "lif"] = Field(
        default="lif_box",
        description="Norse's LIFBox (no synaptic filter) or LIF (current filtered by tau_syn_s).",
    )
    hidden: tuple[Size, ...] = Field(
        default=(128, 128),
        min_length=1,
        max_length=64,
        strict=False,
        description="Neurons of each hidden layer.",
    )
    recurrent: bool = Field(
        default=False,
        description="Whether each hidden layer also hears its own spikes, one step later; BatchNorm is for "
        "its other input alone. Trains step by step, so slower.",
    )
    v_threshold: float = Field(
        default=1.0, ge=-1e6, le=1e6, description="A neuron spikes where v > v_threshold. Above v_reset."
    )
    v_reset: float = Field(default=0.0, ge=-1e6, le=1e6, description="Value of v after a spike.")
    reset: Literal["hard", "soft"] = Field(
        default="hard",
        description="Set v to v_reset, or subtract the threshold.",
    )
    detach_reset: bool = Field(default=True, description="Whether gradients do not flow through the reset.")
    surrogate: Literal["super", "triangle", "tanh", "circ", "heavi_erfc", "box", "atan"] = Field(
        default="atan", description="Stand-in for the derivative of the spike."
    )
    surrogate_alpha: float = Field(
        default=5.0,
        ge=1e-6,
        le=1e6,
        description="Sharpness of the surrogate; for box its half-width in units of v.",
    )
    batch_norm: bool = Field(
        default=True,
        description="BatchNorm on the input current; running statistics at evaluation, so it folds.",
    )
    init_gain: float = Field(
        default=1.0,
        ge=1e-6,
        le=1e6,
        description="Membrane's initial standard deviation, roughly: factor on weights or BatchNorm's scale. "
        "Without input scaling that initial scale itself.",
    )
    input_scaling: Literal["norse", "none"] = Field(
        default="norse",
        description="What moves v: dt/tau (i - v), as in Norse and NIR; or i - dt/tau v, where the input is "
        "not scaled: tau/dt becomes part of the deployed weights, and slow neurons learn faster.",
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Probability that a hidden spike is dropped.")
    tau_syn_s: float = Field(
        default=0.01,
        gt=0,
        le=1e4,
        description="Time constant of the synaptic current, in seconds. At least dt_s.",
        json_schema_extra=only("neuron", "lif"),
    )
    tau: Tau = Field(default_factory=Tau, description="Time constants of the hidden layers.")
    projection: ProjectionKeys = Field(
        default_factory=ProjectionKeys, description="What lies between two populations."
    )
    readout: ReadoutKeys = Field(default_factory=ReadoutKeys, description="The leaky integrator at the end.")
