"""Loihi's own numbers, each once: widths, shifts, steps; what a chip may vary is in ``targets/*.toml``."""

from __future__ import annotations

DECAY_BITS = 12
"""Width of a decay register, in bits. Source: lava-nc 0.10.0, lava/proc/lif/models.py,
``AbstractPyLifModelFixed.decay_shift``."""

STATE_LIMIT = 2**23 - 1
"""v saturates at +- this. Source: lava-nc 0.10.0, lava/proc/lif/models.py, ``subthr_dynamics``."""

STATE_SHIFT = 6
"""Thresholds and synaptic input are shifted left by this. Source: the same, ``vth_shift``, ``act_shift``."""

MAX_FALL = 255 << 7
"""What a soft reset may take off, in units of the threshold register: a self-inhibiting connection, and a
second one for what its exponent leaves over, hold every whole number up to this. Source: 8-bit weights and
the largest weight exponent, as in ``targets/loihi2.toml``."""

DU_NO_FILTER = 4095
"""The du that clears u at every step: u keeps (4096-(du+1))/4096."""

CONNECTION_STEP = 1
"""A spike sent at step t over a connection with delay d arrives at ``t + 1 + d``. Source: lava-nc 0.10.0,
lava/proc/dense/models.py, ``PyDelayDenseModelBitAcc.run_spk`` sends the buffer before it fills it."""

REQUIRED_LIMITS = (
    "max_delay_steps",
    "weight_bits",
    "weight_magnitude",
    "weight_mixed_max",
    "weight_mixed_min",
    "weight_exponent_min",
    "weight_exponent_max",
    "dv_max",
    "du_max",
    "vth_max",
    "bias_mantissa_min",
    "bias_mantissa_max",
    "bias_exponent_max",
    "state_max",
    "accumulator_max",
    "tau_groups_max",
    "input_max",
    "neurons_per_core",
    "synapse_bytes_per_core",
    "cores",
    "neurons_per_chip",
)
"""What rules and the quantiser ask for; a target file without one of them is refused."""
