"""Conversions between physical quantities and what a chip stores; the only place that rounds.

One rule for every number that is stored as an integer: to the nearest, ties away from zero
(:func:`round_nearest`). Python's and NumPy's ``round`` go to even and are not used for such numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEP_TOLERANCE = 1e-6
"""How far, in steps, a delay may lie from a whole step and still count as that step: float64 seconds divided
by a float64 dt are exact to about 1e-13, files with float32 seconds to about 1e-6."""


def round_nearest(x: ArrayLike) -> NDArray[np.int64]:
    """Round to the nearest integer, ties away from zero, so that ``round(-x) == -round(x)``.

    Parameters
    ----------
    x
        Finite real numbers of any shape.

    Returns
    -------
    NDArray[np.int64]
        The integers, in the shape of ``x``.
    """
    x = np.asarray(x, dtype=np.float64)
    whole = np.trunc(x)  # x - trunc(x) is exact, x + 0.5 is not
    return (whole + np.sign(x) * (np.abs(x - whole) >= 0.5)).astype(np.int64)


def delay_to_steps(delay_s: ArrayLike, dt_s: float) -> NDArray[np.int64]:
    """Turn delays in seconds into whole steps, to the nearest, ties up.

    Parameters
    ----------
    delay_s
        Delays in seconds, any shape, not negative.
    dt_s
        Length of one step, in seconds.

    Returns
    -------
    NDArray[np.int64]
        Delays in steps.
    """
    steps = np.asarray(delay_s, dtype=np.float64) / dt_s
    # 2.5 steps written as seconds may come back as 2.4999999999999996: snap to halves before rounding.
    halves = np.round(steps * 2.0) / 2.0
    return round_nearest(np.where(np.abs(steps - halves) < STEP_TOLERANCE, halves, steps))


def off_grid(delay_s: ArrayLike, dt_s: float) -> NDArray[np.bool_]:
    """Say which delays do not lie on a whole step (by more than :data:`STEP_TOLERANCE` steps)."""
    steps = np.asarray(delay_s, dtype=np.float64) / dt_s
    return np.abs(steps - delay_to_steps(delay_s, dt_s)) > STEP_TOLERANCE


def steps_to_delay(steps: ArrayLike, dt_s: float) -> NDArray[np.float64]:
    """Turn whole steps into seconds: ``steps * dt_s``."""
    return np.asarray(steps, dtype=np.float64) * dt_s


def tau_to_decay(tau_s: ArrayLike, dt_s: float, *, bits: int) -> NDArray[np.int64]:
    """Turn time constants into the integers that decay registers hold.

    Parameters
    ----------
    tau_s
        Time constants in seconds, ``tau >= dt`` (Euler), any shape.
    dt_s
        Length of one step, in seconds.
    bits
        Width of the register.

    Returns
    -------
    NDArray[np.int64]
        ``round(2**bits * dt / tau)``: the part of v that one Euler step removes, in units of ``2**-bits``.
        A decay of ``2**bits`` (tau = dt) does not fit the register; the caller decides.

    Notes
    -----
    The trained dynamics are Norse's Euler step ``v + dt/tau * (v_leak - v + i)``, so the register holds
    ``dt/tau`` and not ``1 - exp(-dt/tau)``.
    """
    return round_nearest((1 << bits) * dt_s / np.asarray(tau_s, dtype=np.float64))


def decay_to_tau(decay: ArrayLike, dt_s: float, *, bits: int) -> NDArray[np.float64]:
    """Turn decay registers back into the time constants that they stand for; 0 gives infinity."""
    with np.errstate(divide="ignore"):
        return (1 << bits) * dt_s / np.asarray(decay, dtype=np.float64)
