"""How much memory a recipe needs at least, from its numbers alone, before anything is allocated."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from neurodeploy.findings.codes_training import NOT_ENOUGH_MEMORY
from neurodeploy.findings.codes_usage import KEYS_DISAGREE
from neurodeploy.findings.finding import Finding
from neurodeploy.recipe.schema import Recipe

MAX_BYTES = 1 << 40
"""1 TiB: a recipe that needs more is a slip of the keyboard, whatever machine it runs on."""

_PARAMETER = 4 * 4
"""Bytes of a trained number: float32 for itself, its gradient and Adam's two moments."""

_SLOT = 3 * 4
"""Bytes of a synapse's delay slot in the layer at work: float32 for kernel, bell and gradient."""

_STATE = 2 * 4
"""Bytes of a neuron in a step that the backward pass needs: float32 for its potential and its spike."""

_TRIAL_STEP = 40 + 2 * 8 + 8 + 1
"""Bytes of a step of a generated trial: spikes, two rates, a label and a mask."""

_CGROUP = Path("/sys/fs/cgroup/memory.max")


def needed_bytes(recipe: Recipe) -> int:
    """Give the memory that training needs at least: parameters, kernels, states of a batch, trials.

    A lower bound: what depends on the data files counts with one sample, and a readout with two classes.
    """
    data, projection = recipe.data, recipe.network.projection
    layers = len(recipe.network.hidden)
    delays = projection.kind == "delays" and projection.mode != "none"
    taps = [n if projection.kind == "convolution" else 1 for n, _ in projection.taps_of_layers(layers)]
    total = largest_kernel = 0
    for layer, (n_pre, n_post) in enumerate(pairwise([data.channels, *recipe.network.hidden, 2])):
        synapses, into_hidden = n_pre * n_post, layer < layers
        total += synapses * _PARAMETER * (taps[layer] if into_hidden else 1)
        if delays and (into_hidden or projection.readout_delays):
            total += synapses * _PARAMETER * (projection.mode == "learned")
            largest_kernel = max(largest_kernel, synapses * _SLOT * (projection.max_delay_steps + 1))
    if recipe.network.recurrent:
        back = delays and projection.recurrent_delays
        for size in recipe.network.hidden:
            total += size * size * _PARAMETER * (2 if back and projection.mode == "learned" else 1)
            slots = projection.max_delay_steps if back else 1
            largest_kernel = max(largest_kernel, size * size * _SLOT * max(slots, 1))
    total += largest_kernel
    trials = data.train_trials + data.validation_trials + data.test_trials
    generated = data.kind == "mts-xor"
    batch = min(recipe.train.batch_size, data.train_trials) if generated else 1
    total += batch * data.steps * (data.channels * 4 + sum(recipe.network.hidden) * _STATE)
    return total + (trials * data.steps * _TRIAL_STEP if generated else 0)


def check_sizes(recipe: Recipe) -> Iterator[Finding]:
    """Yield ND025 where no machine that trains recipes has the memory; no key alone is to blame."""
    needed = needed_bytes(recipe)
    if needed > MAX_BYTES:
        yield KEYS_DISAGREE.finding(
            message="the recipe needs more memory than any that is trained here",
            where="network.hidden, data",
            found=f"at least {gigabytes(needed)}",
            limit=gigabytes(MAX_BYTES),
            help="Make the layers, the delays, the samples or their number smaller.",
        )


def check_memory(recipe: Recipe) -> None:
    """Refuse to train what this machine cannot hold; ND046 otherwise. A recipe is read all the same."""
    needed, there = needed_bytes(recipe), machine_bytes()
    if there is not None and needed > there:
        raise NOT_ENOUGH_MEMORY.error(
            where=f"recipe {recipe.name}",
            found=f"needs at least {gigabytes(needed)}",
            limit=f"{gigabytes(there)} (this machine's, or the process's limit)",
            help="Make the layers, the delays, the batch or the samples smaller, or use a larger machine.",
        )


def machine_bytes() -> int | None:
    """Give the memory that this process may have: of the machine, its control group and its own limit."""
    found = []
    try:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):  # not on every system
        return None
    with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
        found.append(int(_CGROUP.read_text()))
    with contextlib.suppress(ImportError):
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        found += [soft] if soft != resource.RLIM_INFINITY else []
    return min(found)


def gigabytes(n: int) -> str:
    """Give a number of bytes in a readable unit."""
    for unit, size in (("PB", 1 << 50), ("TB", 1 << 40), ("GB", 1 << 30)):
        if n >= size:
            return f"{n / size:.0f} {unit}"
    return f"{n / (1 << 30):.1f} GB"
