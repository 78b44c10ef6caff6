"""The table of frameworks that read NIR: what each importer makes of a file, as it was found by running it.

Sources, each read and run: norse 1.1.0 ``norse/torch/utils/import_nir.py``, snntorch 1.0.0
``snntorch/import_nir.py``, spikingjelly 2.0.0 ``activation_based/nir_exchange/from_nir.py``, sinabs 3.1.3
``sinabs/nir.py``, rockpool 3.1.0 ``nn/modules/torch/nir.py``, spyx 1.0.0 ``spyx/nir.py``, and nir 1.0.4.
``benchmarks/conformance`` runs them all again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from neurodeploy.findings.codes_nir import NOT_FOR_READER, UNKNOWN_READER
from neurodeploy.findings.finding import Finding, nearest, raise_errors
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import Graph, NeuronModel
from neurodeploy.nir.readers.fitness import (
    Condition,
    LongerThanAStep,
    OneOf,
    OneValue,
    ResetIsLeak,
    conditions_hold,
    no_delays,
    no_loops,
    no_skips,
)
from neurodeploy.nir.readers.rewriting import (
    with_gain,
    with_leaks_everywhere,
    with_one_threshold,
    with_step,
    with_thresholds_everywhere,
    with_thresholds_to_reach,
    with_zero,
)

UNFILTERED = (NeuronModel.LIF, NeuronModel.LI)
FILTERED = (NeuronModel.CUBA_LIF, NeuronModel.CUBA_LI)
WITHOUT_LEAK = (NeuronModel.IF, NeuronModel.I)
EVERY = (*UNFILTERED, *FILTERED, *WITHOUT_LEAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class NirReader:
    """One framework that reads NIR.

    Attributes
    ----------
    name, title
        As after ``--for``, and as in messages, with the version that was read and run.
    rewrite
        Gives the network as the framework's importer can hold it.
    conditions
        What every population must be like for that.
    delays, loops, skips
        Whether it computes nir.Delay, populations that feed themselves, and projections over a level.
    no_spikes
        Why it can compute no spiking network of ours; empty where it can.
    """

    name: str
    title: str
    rewrite: Callable[[Graph], Graph] = canonical
    conditions: tuple[Condition, ...] = ()
    delays: bool = False
    loops: bool = False
    skips: bool = True
    no_spikes: str = ""

    def misfits(self, graph: Graph) -> Iterator[Finding]:
        """Find everything that the framework cannot compute."""
        if self.no_spikes:
            yield NOT_FOR_READER.finding(
                where=graph.name,
                found="spiking populations with a hard reset",
                limit=f"{self.title}: {self.no_spikes}",
                help=f"Read it with {', '.join(name for name, r in READERS.items() if not r.no_spikes)}.",
            )
            return
        if not self.delays:
            yield from no_delays(graph, self.title)
        if not self.loops:
            yield from no_loops(graph, self.title)
        if not self.skips:
            yield from no_skips(graph, self.title)
        yield from conditions_hold(graph, self.title, self.conditions)


def rewritten_for(graph: Graph, reader: str) -> Graph:
    """Give a network as a framework's importer reads it right.

    Parameters
    ----------
    graph
        The network.
    reader
        A name of :data:`READERS`.

    Returns
    -------
    Graph
        It computes what the given one computes, step by step, spikes and the v of the readout (of leaky
        integrators). Its ``dt_s`` is the framework's.

    Raises
    ------
    NeurodeployError
        ND170: everything that the framework cannot compute; ND171: an unknown name.
    """
    known = READERS.get(reader)
    if known is None:
        raise UNKNOWN_READER.error(
            where="--for", found=reader, limit=", ".join(READERS), help=nearest(reader, READERS)
        )
    graph = canonical(graph)
    raise_errors(known.misfits(graph))
    return known.rewrite(graph)


def _discrete(dt_s: float, *, leaks: bool) -> Callable[[Graph], Graph]:
    """Give the rewriting to the convention that is discrete: input is added to v and to the current as it is.

    ``v += i + (v_leak - v)/(tau/dt)`` is ``r = tau/dt`` in NIR, and ``w_in = tau_syn/dt`` for the current;
    of neurons without leak it is ``r = 1/dt``, or with ``leaks`` a time constant that is too long to matter.
    """

    def rewrite(graph: Graph) -> Graph:
        graph = with_zero(with_step(graph, dt_s), lambda p: p.v_leak)
        if leaks:
            graph = with_leaks_everywhere(with_thresholds_everywhere(graph))
        graph = with_gain(
            graph,
            lambda p: p.tau_s / dt_s if p.model.leaky else np.full(p.size, 1.0 / dt_s),
            lambda p: p.tau_syn_s / dt_s,
        )
        return with_thresholds_everywhere(with_one_threshold(graph))

    return rewrite


def _spikingjelly(graph: Graph) -> Graph:
    """Rewrite for SpikingJelly: the discrete convention, and spikes at v >= threshold in float32."""
    return with_thresholds_to_reach(_discrete(1e-4, leaks=False)(graph))


def _norse(graph: Graph) -> Graph:
    """Rewrite for Norse: dt of 1 ms, r = 1 without a filter, v counted from the reset."""
    graph = with_zero(with_step(graph, 1e-3), lambda p: p.v_reset)
    graph = with_gain(graph, lambda p: p.r if p.model.filtered else np.ones(p.size), lambda p: p.w_in)
    return with_thresholds_everywhere(graph)


def _without_resets(graph: Graph) -> Graph:
    """Rewrite for nir 1.0.4, which knows neither v_reset nor CubaLI; seconds and delays stay."""
    graph = with_zero(graph, lambda p: p.v_reset)
    if any(p.model is NeuronModel.CUBA_LI for p in graph.populations):
        graph = with_thresholds_everywhere(graph)
    return graph


_HARD_ONLY = "its importer makes a soft reset of every LIF, whatever the file says"

READERS: Mapping[str, NirReader] = {
    reader.name: reader
    for reader in (
        NirReader(
            name="norse",
            title="Norse 1.1.0",
            rewrite=_norse,
            conditions=(
                OneOf((*UNFILTERED, *FILTERED)),
                ResetIsLeak(FILTERED, "the importer gives the leak to the synaptic current as well"),
            ),
            loops=True,
            skips=False,
        ),
        NirReader(
            name="snntorch",
            title="snnTorch 1.0.0",
            rewrite=_discrete(1e-4, leaks=True),
            conditions=(OneOf(EVERY), ResetIsLeak(EVERY, "the importer knows no other voltages")),
        ),
        NirReader(
            name="spikingjelly",
            title="SpikingJelly 2.0.0",
            rewrite=_spikingjelly,
            conditions=(
                OneOf(EVERY),
                ResetIsLeak(EVERY, "a sample starts from the reset, and a LIF leaks to it"),
                OneValue("tau_s"),
                OneValue("tau_syn_s"),
                LongerThanAStep(UNFILTERED),
            ),
            loops=True,
        ),
        NirReader(
            name="nir-1.0.4",
            title="nir 1.0.4",
            rewrite=_without_resets,
            conditions=(OneOf(EVERY), ResetIsLeak(WITHOUT_LEAK, "v starts from 0, and there is no v_reset")),
            delays=True,
            loops=True,
        ),
        NirReader(name="sinabs", title="sinabs 3.1.3", no_spikes=_HARD_ONLY),
        NirReader(name="rockpool", title="Rockpool 3.1.0", no_spikes=_HARD_ONLY),
        NirReader(
            name="spyx", title="Spyx 1.0.0", no_spikes=f"{_HARD_ONLY}, and its spikes come one step late"
        ),
    )
}
"""Every framework by its name after ``--for``."""
