"""Rules between the keys of a recipe: each yields findings, all are reported at once."""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.findings.codes_usage import KEYS_DISAGREE, TAU_BELOW_STEP
from neurodeploy.findings.finding import Finding
from neurodeploy.recipe.plugins import BUILT_IN
from neurodeploy.recipe.schema import FILES, Recipe
from neurodeploy.recipe.sizes import check_sizes

MTS_XOR_CUE_STEPS = 10
MTS_XOR_BLOCK_STEPS = 15
MTS_XOR_CHANNELS = 40


def check_recipe(recipe: Recipe) -> Iterator[Finding]:
    """Yield every rule that a recipe breaks: ND024 tau below dt, ND025 any other rule between keys."""
    yield from _tau_reaches_dt(recipe)
    yield from _delays_fit(recipe)
    yield from _data_fits(recipe)
    yield from check_sizes(recipe)


def _tau_reaches_dt(recipe: Recipe) -> Iterator[Finding]:
    network, dt_s = recipe.network, recipe.data.dt_s
    layers = len(network.hidden)
    taus = [
        (f"network.tau, hidden layer {layer + 1} of {layers}", tau_s)
        for layer, tau_s in enumerate(network.tau.of_layers(layers))
    ]
    taus.append(("network.readout.tau_s", network.readout.tau_s))
    if network.neuron == "lif":
        taus.append(("network.tau_syn_s", network.tau_syn_s))
    for where, tau_s in taus:
        if tau_s < dt_s * (1 - 1e-9):  # 0.3 - 0.29 is not 0.01 in float64
            yield TAU_BELOW_STEP.finding(
                where=where,
                found=f"{tau_s:g} s",
                limit=f"at least {dt_s:g} s (data.dt_s: Euler steps need tau >= dt)",
                help="Raise tau_s, shrink dtau_s, or use a shorter dt_s.",
            )


def _delays_fit(recipe: Recipe) -> Iterator[Finding]:
    projection, steps = recipe.network.projection, recipe.data.steps
    if projection.kind == "delays":
        if projection.max_delay_steps >= steps:
            yield KEYS_DISAGREE.finding(
                message="the longest delay is not shorter than a sample",
                where="network.projection.max_delay_steps",
                found=f"{projection.max_delay_steps} steps",
                limit=f"0..{steps - 1} steps (data.steps - 1)",
                help="Shorten the delays or lengthen the samples.",
            )
        if projection.min_delay_steps > projection.max_delay_steps:
            yield KEYS_DISAGREE.finding(
                message="the shortest delay is longer than the longest",
                where="network.projection.min_delay_steps",
                found=f"{projection.min_delay_steps} steps",
                limit=f"0..{projection.max_delay_steps} steps (network.projection.max_delay_steps)",
                help="Lower min_delay_steps.",
            )
        if projection.recurrent_delays and not recipe.network.recurrent:
            yield KEYS_DISAGREE.finding(
                message="recurrent delays without recurrent layers",
                where="network.projection.recurrent_delays",
                found="true, with network.recurrent = false",
                limit="counts only with network.recurrent = true",
                help="Set network.recurrent = true, or remove the key.",
            )
        if projection.sigma_start is not None and projection.sigma_start < projection.sigma_end:
            yield KEYS_DISAGREE.finding(
                message="the kernel would grow during training",
                where="network.projection.sigma_start",
                found=f"{projection.sigma_start:g} steps",
                limit=f"at least {projection.sigma_end:g} steps (sigma_end)",
                help="Raise sigma_start or lower sigma_end.",
            )
    if projection.kind == "convolution":
        for layer, (size, dilation) in enumerate(
            projection.taps_of_layers(len(recipe.network.hidden)), start=1
        ):
            if size < 1 or dilation < 1 or (size - 1) * dilation >= steps:
                yield KEYS_DISAGREE.finding(
                    message="a temporal convolution does not fit its samples",
                    where=f"network.projection, hidden layer {layer}",
                    found=f"{size} taps, dilation {dilation}",
                    limit=f"both at least 1, (taps - 1) * dilation at most {steps - 1} (data.steps - 1)",
                    help="Change kernel_size, kernel_growth, dilation or dilation_growth.",
                )


def _data_fits(recipe: Recipe) -> Iterator[Finding]:
    data, network = recipe.data, recipe.network
    if network.v_threshold <= network.v_reset:
        yield KEYS_DISAGREE.finding(
            message="the threshold does not lie above the reset",
            where="network.v_threshold",
            found=f"{network.v_threshold:g}",
            limit=f"above {network.v_reset:g} (network.v_reset)",
            help="Raise v_threshold.",
        )
    if network.reset == "soft" and network.v_threshold <= 0:
        yield KEYS_DISAGREE.finding(
            message="a soft reset subtracts a threshold that is not above 0",
            where="network.v_threshold",
            found=f"{network.v_threshold:g}",
            limit='above 0 with reset = "soft"',
            help="Raise v_threshold.",
        )
    per_step = network.readout.score == "per_step"
    if data.kind in BUILT_IN and per_step != (
        data.kind == "mts-xor"
    ):  # a plug-in's labels are seen at loading
        yield KEYS_DISAGREE.finding(
            message="the score does not fit the labels",
            where="network.readout.score",
            found=network.readout.score,
            limit="per_step for mts-xor, which has a label each step; another score for one label a sample",
            help="Change network.readout.score.",
        )
    if data.kind in FILES and data.source_channels % data.channels:
        yield KEYS_DISAGREE.finding(
            message="the channels cannot be summed in equal groups",
            where="data.channels",
            found=f"{data.source_channels} channels into {data.channels}",
            limit="data.source_channels a whole multiple of data.channels",
            help="700 channels sum to 350, 175, 140, 100, 70, ...",
        )
    if data.kind == "mts-xor":
        blocks, rest = divmod(data.steps - MTS_XOR_CUE_STEPS, MTS_XOR_BLOCK_STEPS)
        if blocks < 1 or rest or data.channels != MTS_XOR_CHANNELS or data.input != "binary":
            yield KEYS_DISAGREE.finding(
                message="mts-xor has a fixed form",
                where="data",
                found=f"{data.steps} steps, {data.channels} channels, {data.input} input",
                limit=f"{MTS_XOR_CUE_STEPS} + {MTS_XOR_BLOCK_STEPS} * blocks steps, "
                f"{MTS_XOR_CHANNELS} channels, binary input",
                help="Use 100 steps (six blocks) and 40 channels.",
            )
