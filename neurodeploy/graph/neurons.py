"""The table of neuron models: one entry says all that the float level knows of one.

A new model is an entry here, one in ``training/model/neurons.py`` (what trains it) and one case in a target's
lowering (what the chip makes of it). Checks, canonical form, NIR reader and writer and the readable
interpreter go by the entry. The compiled interpreter knows one family of steps (:attr:`Neuron.compiled`); a
model outside it is computed by its definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from neurodeploy.graph.model import Population

Floats = NDArray[np.float64]


class NeuronState(NamedTuple):
    """What a population carries from step to step, ``[neuron]`` each; ``c`` stays 0 without a filter."""

    v: Floats
    c: Floats


Step = Callable[["Population", NeuronState, Floats, float], tuple[NeuronState, NDArray[np.bool_]]]
"""From a population, its state, the input of one step and dt in seconds to the next state and the spikes."""


def rest(population: Population) -> NeuronState:
    """Give the state that every sample starts from: v = v_leak, or 0 where nothing leaks, and no current."""
    return NeuronState(rest_v(population), np.zeros(population.size))


def rest_v(population: Population) -> Floats:
    """Give the v that every sample starts from, ``[neuron]``."""
    return np.array(population.v_leak) if population.model.leaky else np.zeros(population.size)


def _silent(population: Population) -> NDArray[np.bool_]:
    return np.zeros(population.size, dtype=np.bool_)


def _li(p: Population, state: NeuronState, i: Floats, dt_s: float) -> tuple[NeuronState, NDArray[np.bool_]]:
    # the order of Norse's lif_box_feed_forward_step: (input + v_leak) - v
    v = state.v + dt_s / p.tau_s * (p.r * i + p.v_leak - state.v)
    return NeuronState(v, state.c), _silent(p)


def _lif(p: Population, state: NeuronState, i: Floats, dt_s: float) -> tuple[NeuronState, NDArray[np.bool_]]:
    (v, c), _ = _li(p, state, i, dt_s)
    z = v > p.v_threshold
    return NeuronState(np.where(z, p.v_reset, v), c), z


def _integrated(
    p: Population, state: NeuronState, i: Floats, dt_s: float
) -> tuple[NeuronState, NDArray[np.bool_]]:
    # NIR's v' = r i by Euler: nothing leaks, so no tau scales the input
    return NeuronState(state.v + dt_s * (p.r * i), state.c), _silent(p)


def _if(p: Population, state: NeuronState, i: Floats, dt_s: float) -> tuple[NeuronState, NDArray[np.bool_]]:
    (v, c), _ = _integrated(p, state, i, dt_s)
    z = v > p.v_threshold
    return NeuronState(np.where(z, p.v_reset, v), c), z


def _subtracting(step: Step) -> Step:
    """Give a step without a threshold one, which a spike takes off v at once: Norse's reset_subtract."""

    def subtracting(
        p: Population, state: NeuronState, i: Floats, dt_s: float
    ) -> tuple[NeuronState, NDArray[np.bool_]]:
        (v, c), _ = step(p, state, i, dt_s)
        z = v > p.v_threshold
        return NeuronState(np.where(z, v - p.v_threshold, v), c), z

    return subtracting


def _subtracting_late(step: Step) -> Step:
    """Give a step without a threshold one, which the step after a spike takes off."""

    def subtracting(
        p: Population, state: NeuronState, i: Floats, dt_s: float
    ) -> tuple[NeuronState, NDArray[np.bool_]]:
        (v, c), _ = step(p, state, i, dt_s)
        # the last step's spike is known by its v, which nothing has lowered yet (snnTorch's mem_reset)
        v = np.where(state.v > p.v_threshold, v - p.v_threshold, v)
        return NeuronState(v, c), v > p.v_threshold

    return subtracting


def _filtered(step: Step) -> Step:
    """Put a synaptic current before a step: the step takes the new current for its input."""

    def filtered(
        p: Population, state: NeuronState, i: Floats, dt_s: float
    ) -> tuple[NeuronState, NDArray[np.bool_]]:
        c = state.c + dt_s / p.tau_syn_s * (p.w_in * i - state.c)
        return step(p, NeuronState(state.v, c), c, dt_s)

    return filtered


_LEAK = {"r": "r", "v_leak": "v_leak"}
_SPIKE = {"v_threshold": "v_threshold", "v_reset": "v_reset"}
_FILTER = {"tau_syn": "tau_syn_s", "w_in": "w_in"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neuron:
    """One entry of the table.

    Attributes
    ----------
    key
        Its name in files and recipes.
    step
        The definition of one step, written to be read; :func:`rest` gives the first state.
    nir_type
        The NIR node that it is written as and read from.
    nir_parameters
        That node's parameters and the fields of :class:`neurodeploy.graph.model.Population` that they are.
        Fields that no parameter gives are ignored by the model; ``bias`` has no place in NIR's neurons and
        means the same in every model.
    spiking
        Whether it emits spikes.
    filtered
        Whether a synaptic current filters the input.
    leaky
        Whether v decays; without, ``dt * r * i`` is added to it as it is.
    reset
        What a spike does to v: ``value`` sets it to v_reset; ``subtract`` takes the threshold off at once,
        and v is recorded after that; ``subtract_late`` takes it off in the next step, from the v of that
        step. NIR has the first alone: the others are written as the same node, and named in the metadata.
    compiled
        Whether it is an Euler step of v, leaky or not, filtered or not, with a threshold or not and any of
        the resets: the family that the compiled interpreter knows.
    """

    key: str
    step: Step
    nir_type: str
    nir_parameters: Mapping[str, str]
    spiking: bool
    filtered: bool
    leaky: bool = True
    reset: str = "value"
    compiled: bool = True


def _soft(neuron: Neuron, reset: str, step: Step) -> Neuron:
    """Give the entry of a neuron that subtracts: v_reset means nothing there."""
    used = {key: name for key, name in neuron.nir_parameters.items() if name != "v_reset"}
    return replace(neuron, key=f"{neuron.key}_{reset}", step=step, nir_parameters=used, reset=reset)


class NeuronTable(str, Enum):
    """A table without entries yet: each is a model, equal to its name in files, with its :class:`Neuron`."""

    _value_: str
    neuron: Neuron

    def __new__(cls, neuron: Neuron) -> NeuronTable:
        """Make the member of an entry; its value is the entry's key."""
        member = str.__new__(cls, neuron.key)
        member._value_ = neuron.key
        member.neuron = neuron
        return member

    @property
    def spiking(self) -> bool:
        """Whether neurons of this model emit spikes."""
        return self.neuron.spiking

    @property
    def filtered(self) -> bool:
        """Whether a synaptic current filters the input."""
        return self.neuron.filtered

    @property
    def leaky(self) -> bool:
        """Whether v of this model decays."""
        return self.neuron.leaky

    @property
    def reset(self) -> str:
        """What a spike does to v: ``value``, ``subtract`` or ``subtract_late``."""
        return self.neuron.reset

    @property
    def parameters(self) -> tuple[str, ...]:
        """The fields of a population that mean something in this model, in the order of the population."""
        used = {*self.neuron.nir_parameters.values(), "bias"}
        return tuple(name for name in PARAMETERS if name in used)


class NeuronModel(NeuronTable):
    """What a population computes each step; see numerics in docs/explanation.

    With ``alpha = dt/tau`` and ``i`` the summed synaptic input and bias of this step:

    * ``LIF``: ``v += alpha*(v_leak - v + r*i); z = v > v_threshold; v = v_reset where z`` (Norse LIFBox).
    * ``LI``: the same without threshold and reset (readout).
    * ``CUBA_LIF``: ``c += dt/tau_syn*(w_in*i - c)`` first, then the LIF step with ``c`` in place of ``i``.
    * ``CUBA_LI``: the same without threshold and reset.
    * ``IF``: ``v += dt*r*i`` and then as ``LIF``; it starts from v = 0.
    * ``I``: the same without threshold and reset.
    * ``LIF_SUBTRACT``, and so ``CUBA_LIF`` and ``IF``: ``v -= v_threshold where z`` instead, in the same step
      and recorded after (Norse's ``reset_subtract``, spikingjelly's ``v_reset=None``).
    * ``LIF_SUBTRACT_LATE``, and so ``CUBA_LIF`` and ``IF``: ``v`` stays where z, and the *next* step takes
      ``v_threshold`` off after its own leak (hSNN, snnTorch's ``mem_reset`` of the step before).

    The last two are one neuron in two descriptions: see :mod:`neurodeploy.graph.resets`.
    """

    LIF = Neuron(
        key="lif",
        step=_lif,
        nir_type="LIF",
        nir_parameters={"tau": "tau_s", **_LEAK, **_SPIKE},
        spiking=True,
        filtered=False,
    )
    LI = Neuron(
        key="li",
        step=_li,
        nir_type="LI",
        nir_parameters={"tau": "tau_s", **_LEAK},
        spiking=False,
        filtered=False,
    )
    CUBA_LIF = Neuron(
        key="cuba_lif",
        step=_filtered(_lif),
        nir_type="CubaLIF",
        nir_parameters={"tau_mem": "tau_s", **_FILTER, **_LEAK, **_SPIKE},
        spiking=True,
        filtered=True,
    )
    CUBA_LI = Neuron(
        key="cuba_li",
        step=_filtered(_li),
        nir_type="CubaLI",
        nir_parameters={"tau_mem": "tau_s", **_FILTER, **_LEAK},
        spiking=False,
        filtered=True,
    )

    IF = Neuron(
        key="if",
        step=_if,
        nir_type="IF",
        nir_parameters={"r": "r", **_SPIKE},
        spiking=True,
        filtered=False,
        leaky=False,
    )
    I = Neuron(  # noqa: E741  (NIR's name)
        key="i",
        step=_integrated,
        nir_type="I",
        nir_parameters={"r": "r"},
        spiking=False,
        filtered=False,
        leaky=False,
    )
    LIF_SUBTRACT = _soft(LIF, "subtract", _subtracting(_li))
    LIF_SUBTRACT_LATE = _soft(LIF, "subtract_late", _subtracting_late(_li))
    CUBA_LIF_SUBTRACT = _soft(CUBA_LIF, "subtract", _filtered(_subtracting(_li)))
    CUBA_LIF_SUBTRACT_LATE = _soft(CUBA_LIF, "subtract_late", _filtered(_subtracting_late(_li)))
    IF_SUBTRACT = _soft(IF, "subtract", _subtracting(_integrated))
    IF_SUBTRACT_LATE = _soft(IF, "subtract_late", _subtracting_late(_integrated))


PARAMETERS = ("tau_s", "v_threshold", "v_leak", "v_reset", "r", "tau_syn_s", "w_in", "bias")
"""Every field of a population that is an array of one number for each neuron."""

NO_LEAK_S = 1e30
"""The tau of what does not leak, in seconds, where a number has to stand: nothing is computed from it."""

NIR_DEFAULTS: Mapping[str, float] = {"v_reset": 0.0, "w_in": 1.0}
"""What NIR takes for a parameter that a file does not have (nir 1.0.8, nir/ir/neuron.py)."""


def of_nir_type(kind: str) -> NeuronModel | None:
    """Give the model that a type of NIR node is read as, None where it is no neuron of the table.

    Of several that are written as one type, that is the one with NIR's own reset, ``value``.
    """
    models = (model for model in NeuronModel if model.neuron.nir_type == kind)
    return next((model for model in models if model.reset == "value"), None)


def with_reset(model: NeuronModel, reset: str) -> NeuronModel | None:
    """Give the model that differs from another in its reset alone, None where the table has none."""
    nir_type = model.neuron.nir_type
    alike = (m for m in NeuronModel if m.neuron.nir_type == nir_type and m.reset == reset)
    return next(alike, None)


def ignored_value(parameter: str, dt_s: float) -> float:
    """Give the fixed value of a parameter where a model ignores it.

    Threshold 1 and reset 0; for the filter values that pass the input unchanged: ``tau_syn = dt`` and
    ``w_in = 1``. What does not leak starts from ``v_leak = 0``; :data:`NO_LEAK_S` stands for no tau.
    """
    values = {"v_threshold": 1.0, "v_reset": 0.0, "tau_syn_s": dt_s, "w_in": 1.0, "v_leak": 0.0}
    return (values | {"tau_s": NO_LEAK_S})[parameter]
