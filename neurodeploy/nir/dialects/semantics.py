"""What each framework computes, said in NIR's own parameters: a file of another dialect becomes one of NIR's.

NIR's step is ``v += dt/tau * (r i + v_leak - v)``. So an input that counts in full is ``r = tau / dt``, a
decay by ``a`` is ``tau = dt / (1 - a)``, and ``>=`` is ``>`` at the next float below. Versions are those of
:data:`neurodeploy.nir.dialects.dialect.FRAMEWORKS`; files and symbols stand at each function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from neurodeploy.findings.codes_dialects import (
    DIALECT_NEEDS_MORE,
    NOT_OF_THIS_DIALECT,
    READ_AS_DIALECT,
)
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.nir.dialects.dialect import Dialect
from neurodeploy.nir.dialects.traits import (
    FILTERED,
    SPIKING,
    WITHOUT_LEAK,
    Floats,
    all_taus,
    equal,
    is_ours,
    leaky_of,
    neurons_of,
    r_of,
    rockpool_gain,
    tau_key,
    tau_of,
)
from neurodeploy.nir.nodes import PASS, FlatGraph, Node
from neurodeploy.nir.raw import shown

SHORT = 1000.0
"""By how much Norse's ``to_nir`` shortens every time constant where it is not told ``dt=1.``."""


class Reading:
    """One file under one dialect: its step, and how to refuse."""

    def __init__(self, flat: FlatGraph, dialect: Dialect, dt_s: float) -> None:
        self.flat = flat
        self.dialect = dialect
        self.dt_s = dt_s

    def said(self, option: str) -> str:
        """Give what was said, or holds by default, of an option."""
        return self.dialect.options[option]

    def expect(self, node: Node, key: str, found: Floats, wanted: Floats | float, what: str) -> None:
        """Raise ND162 where a parameter is not what this framework writes; ``what`` says what that is."""
        if not equal(found, wanted):
            raise NOT_OF_THIS_DIALECT.error(
                where=f"{self.flat.where}: {shown(node.name)}.{key}",
                found=f"{np.ravel(found)[0]:g}",
                limit=f"{what}, in steps of {self.dt_s:g} s, as {self.dialect.framework.title} writes it",
                help="Look at who wrote the file, and at --dt.",
            )

    def only(self, node: Node, *types: str) -> None:
        """Raise ND162 for neurons that this framework does not write."""
        if node.type not in types:
            raise NOT_OF_THIS_DIALECT.error(
                where=f"{self.flat.where}: {shown(node.name)}",
                found=node.type,
                limit=f"{', '.join(types)}, as {self.dialect.framework.title} writes them",
                help="Look at who wrote the file.",
            )

    def more(self, where: str, found: str, limit: str, help: str) -> NeurodeployError:
        """Give ND163."""
        return DIALECT_NEEDS_MORE.error(where=where, found=found, limit=limit, help=help)


Means = Callable[[Reading, Node], Node]


def with_parameters(node: Node, **parameters: Floats) -> Node:
    """Give a node with some other parameters."""
    return replace(node, parameters={**node.parameters, **parameters})


def whole_input(node: Node, dt_s: float) -> Node:
    """Give a node whose input counts in full in every step."""
    if node.type in WITHOUT_LEAK:
        return with_parameters(node, r=np.full(r_of(node).shape, 1 / dt_s))
    return with_parameters(node, r=tau_of(node) / dt_s)


def at_threshold(node: Node) -> Node:
    """Give a node that fires at its threshold and not only above it."""
    if node.type not in SPIKING:
        return node
    return with_parameters(node, v_threshold=np.nextafter(node.parameters["v_threshold"], -np.inf))


def _norse(reading: Reading, node: Node) -> Node:
    """norse/torch/utils/export_nir.py; functional/lif.py, lif_feed_forward_step; lif_box.py; iaf.py."""
    reading.expect(node, "r", r_of(node), 1.0, "1")
    if node.type in FILTERED:
        reading.expect(node, "w_in", node.parameters["w_in"], 1.0, "1")
    if node.type in WITHOUT_LEAK:
        node = whole_input(node, reading.dt_s)
    else:
        factor = SHORT if all_taus(leaky_of(reading.flat)).min() < reading.dt_s * (1 - 1e-6) else 1.0
        node = with_parameters(node, **{tau_key(node): tau_of(node) * factor})
        if node.type in FILTERED:
            tau_syn = node.parameters["tau_syn"] * factor
            node = with_parameters(node, tau_syn=tau_syn, w_in=tau_syn / reading.dt_s)
    if node.type in SPIKING:
        v_reset = np.full(node.parameters["v_threshold"].shape, float(reading.said("v_reset")))
        node = with_parameters(node, v_reset=v_reset)
    return replace(node, reset=reading.said("reset"))


def _snntorch(reading: Reading, node: Node) -> Node:
    """snntorch/export_nir.py, _extract_snntorch_module; _neurons/leaky.py and synaptic.py."""
    resets = {"zero": "value", "subtract": "subtract_late", "subtract-at-once": "subtract"}
    reset = resets[reading.said("reset")]
    if node.stepwise:  # beta = 1
        return replace(node, reset=reset)
    reading.only(node, "LIF", "CubaLIF")
    own_s = reading.dialect.framework.dt_s
    assert own_s is not None
    reading.expect(node, "r", r_of(node), tau_of(node) / own_s, f"tau / {own_s:g}")
    times = {tau_key(node): tau_of(node) * (reading.dt_s / own_s)}
    if node.type in FILTERED:
        reading.expect(
            node, "w_in", node.parameters["w_in"], node.parameters["tau_syn"] / own_s, f"tau_syn / {own_s:g}"
        )
        times["tau_syn"] = node.parameters["tau_syn"] * (reading.dt_s / own_s)
        times["w_in"] = times["tau_syn"] / reading.dt_s
    return replace(whole_input(with_parameters(node, **times), reading.dt_s), reset=reset)


def _sinabs(reading: Reading, node: Node) -> Node:
    """sinabs/nir.py, _extract_sinabs_module; layers/functional/lif.py, lif_forward_single; iaf.py."""
    reading.expect(node, "r", r_of(node), 1.0, "1")
    if node.type in WITHOUT_LEAK:
        node = whole_input(node, reading.dt_s)
    else:
        tau_s = reading.dt_s / -np.expm1(-1 / tau_of(node))
        node = with_parameters(node, tau=tau_s)
        by_default = "no" if node.type == "LI" else "yes"  # exp_leak.py and lif.py, their norm_input
        said = reading.said("norm_input")
        if (by_default if said == "default" else said) == "no":
            node = whole_input(node, reading.dt_s)
    return replace(at_threshold(node), reset="value" if reading.said("reset") == "zero" else "subtract")


def _rockpool(reading: Reading, node: Node) -> Node:
    """rockpool/nn/modules/torch/nir.py; lif_torch.py, LIFTorch; lif_neuron_torch.py; exp_syn_torch.py."""
    tau, dt_s = tau_of(node), reading.dt_s
    reading.expect(node, "r", r_of(node), rockpool_gain(tau, dt_s), "tau / dt * exp(-dt / tau)")
    node = with_parameters(node, **{tau_key(node): dt_s / -np.expm1(-dt_s / tau)})
    if node.type in FILTERED:
        reading.expect(node, "w_in", node.parameters["w_in"], 1.0, "1")
        decay = np.exp(-dt_s / node.parameters["tau_syn"])
        node = with_parameters(node, tau_syn=dt_s / (1 - decay), w_in=decay / (1 - decay))
    node = whole_input(node, dt_s)
    if node.type == "LI":  # ExpSynTorch adds its input before it decays
        node = with_parameters(node, r=r_of(node) * np.exp(-dt_s / tau))
    return replace(at_threshold(node), reset="subtract")


def _spikingjelly(reading: Reading, node: Node) -> Node:
    """spikingjelly/activation_based/nir_exchange/to_nir.py; neuron/base_node.py, neuronal_fire."""
    r, dt_s = r_of(node), reading.dt_s
    if node.type in WITHOUT_LEAK:
        reading.expect(node, "r", r, 1 / dt_s, "1 / dt")
    elif not equal(r, 1.0):
        reading.expect(node, "r", r, tau_of(node) / dt_s, "tau / dt, or 1")
    return at_threshold(node)


def _spyx(reading: Reading, node: Node) -> Node:
    """spyx/nir.py, to_nir; nn.py, LIF, LI, IF and CuBaLIF: they send what v of the step before says."""
    dt_s = reading.dt_s
    if node.type in WITHOUT_LEAK:
        reading.expect(node, "r", r_of(node), 1.0, "1")
    else:
        reading.expect(node, "r", r_of(node), 1 - dt_s / tau_of(node), "1 - dt / tau")
    if node.type in FILTERED:
        reading.expect(node, "w_in", node.parameters["w_in"], 1.0, "1")
        node = with_parameters(node, w_in=node.parameters["tau_syn"] / dt_s)
    return replace(whole_input(node, dt_s), reset="subtract" if node.type == "CubaLIF" else "subtract_late")


_MEANS: Mapping[str, tuple[Means, tuple[str, ...], str]] = {
    "norse": (
        _norse,
        ("LIF", "LI", "CubaLIF", "IF"),
        "w_in = tau_syn / dt; r = 1 / dt without leak; its files say nothing of reset_method and v_reset",
    ),
    "snntorch": (
        _snntorch,
        ("LIF", "CubaLIF", "IF"),
        "tau counts steps of 1e-4 s whatever dt is; its files say nothing of reset_mechanism and reset_delay",
    ),
    "sinabs": (
        _sinabs,
        ("LIF", "LI", "IF"),
        "tau in steps, decay exp(-1 / tau), fires at >=; its files say nothing of reset_fn, spike_fn, "
        "norm_input, tau_syn and min_v_mem (taken for None)",
    ),
    "rockpool": (
        _rockpool,
        ("LIF", "LI", "CubaLIF"),
        "decay exp(-dt / tau), the whole input, fires at >=, subtracts; its files leave out a neuron's own "
        "bias, recurrent weights and max_spikes_per_dt",
    ),
    "spikingjelly": (_spikingjelly, ("LIF", "CubaLIF", "IF"), "fires at >="),
    "spyx": (
        _spyx,
        ("LIF", "LI", "CubaLIF", "IF", "CubaLI"),
        "r = tau / dt; subtracts; recurrent layers take their input past w_rec; spikes reach the next layer "
        "a step later, and those of the last layer stand a step earlier than Spyx gives them",
    ),
}
"""By dialect: what it means, the neurons that it writes, and what to know of it."""


def translated(flat: FlatGraph, dialect: Dialect, dt_s: float) -> FlatGraph:
    """Give a file of a dialect in NIR's own parameters.

    Parameters
    ----------
    flat
        The file.
    dialect
        Who wrote it.
    dt_s
        Length of one step, in seconds.

    Returns
    -------
    FlatGraph
        With a note, ND161, of what was changed and taken for granted. ``nir`` changes nothing.

    Raises
    ------
    NeurodeployError
        ND162 where the framework does not write such a file, ND163 where what it computes cannot be
        represented.
    """
    if dialect.name == "nir":
        return flat
    if is_ours(flat):
        raise NOT_OF_THIS_DIALECT.error(
            where=flat.where,
            found="a file that records dt and populations, as neurodeploy writes it",
            limit=f"a file of {dialect.framework.title}",
            help="Leave --dialect out.",
        )
    means, types, told = _MEANS[dialect.name]
    reading = Reading(flat, dialect, dt_s)
    for node in neurons_of(flat):
        reading.only(node, *types)
    if dialect.options.get("spikes") == "multi" and neurons_of(flat, *SPIKING):
        raise reading.more(
            f"{flat.where}: {shown(neurons_of(flat, *SPIKING)[0].name)}",
            "neurons that send several spikes in one step",
            "at most one spike of a neuron in a step",
            "Train with one spike a step (sinabs: SingleSpike, Rockpool: max_spikes_per_dt=1), and say "
            "spikes=single.",
        )
    if dialect.options.get("tau_syn") == "lost":
        raise reading.more(
            flat.where,
            "neurons with a tau_syn, which sinabs' exporter leaves out of the file",
            "a file that has every time constant",
            "Train without tau_syn, or write the file with CubaLIF.",
        )
    nodes = dict(flat.nodes)
    with np.errstate(all="ignore"):  # the checks of the graph find what is not finite
        for node in neurons_of(flat):
            nodes[node.name] = means(reading, node)
    note = READ_AS_DIALECT.finding(where=flat.where, found=str(dialect), limit=told)
    made = replace(flat, nodes=nodes, notes=(*flat.notes, note))
    return _a_step_later(_input_past_feedback(made), dt_s) if dialect.name == "spyx" else made


def _input_past_feedback(flat: FlatGraph) -> FlatGraph:
    """Lead the input of Spyx' recurrent layers to their neurons: its exporter sends it through ``w_rec``.

    spyx/nir.py, _spyx_recurrent_to_nirgraph (edges ``input -> w_rec``); nn.py, RLIF (``V = beta V + x +
    feedback``).
    """
    edges = []
    for source, target in flat.edges:
        neurons = target.removesuffix(".w_rec") + ".lif"
        past = target.endswith(".w_rec") and neurons in flat.nodes and flat.nodes[source].type == "Input"
        edges.append((source, neurons if past else target))
    return replace(flat, edges=tuple(edges))


def _a_step_later(flat: FlatGraph, dt_s: float) -> FlatGraph:
    """Put a delay of one step behind every spiking neuron, but not to an Output, which shows it as it is."""
    nodes, edges = dict(flat.nodes), []
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in flat.edges:
        after[source].append(target)

    def is_shown(name: str) -> bool:
        node = flat.nodes[name]
        if node.type == "Output" and not node.nested:
            return True
        return node.type in PASS and bool(after[name]) and all(is_shown(each) for each in after[name])

    late: dict[str, str] = {}
    for source, target in flat.edges:
        if flat.nodes[source].type not in SPIKING or is_shown(target):
            edges.append((source, target))
            continue
        if source not in late:
            name = f"{source}_late"
            while name in nodes:
                name += "_"
            late[source] = name
            nodes[name] = Node(name, "Delay", {"delay": np.array([dt_s])})
            edges.append((source, name))
        edges.append((late[source], target))
    return replace(flat, nodes=nodes, edges=tuple(edges))
