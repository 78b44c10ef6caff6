"""Files as each framework's exporter computes their numbers, against a loop of what its neurons compute.

Versions and files are those that ``neurodeploy/nir/dialects/semantics.py`` names at each framework. The loops
are written here, in float64, and share nothing with the reader.
"""

from itertools import pairwise

import nir
import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError, Severity
from neurodeploy.graph.interpret import interpret
from neurodeploy.nir.dialects.dialect import FRAMEWORKS, dialect_of
from neurodeploy.nir.read import describe_nir, from_nir, read_nir
from neurodeploy.nir.write import to_nir

DT_S = 1e-3
N_IN, N = 8, 5


def of_nodes(*nodes, names=None, n_in=N_IN, n_out=N, doors=("input", "output")):
    named = {doors[0]: nir.Input(np.array([n_in]))}
    named |= dict(zip(names or [str(k) for k in range(len(nodes))], nodes, strict=True))
    named[doors[1]] = nir.Output(np.array([n_out]))
    return nir.NIRGraph(named, list(pairwise(named)))


def weights(rng, scale=1.0):
    return (scale * rng.normal(0.3, size=(N, N_IN))).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def spikes(rng):
    return (rng.random((3, 60, N_IN)) < 0.3).astype(np.uint8)


def looped(spikes, w, step, *, n_states=2):
    """Run a neuron over samples: ``step(i, states)`` gives spikes and the next states."""
    found = np.zeros((*spikes.shape[:2], N), np.uint8)
    for sample in range(len(spikes)):
        states = [np.zeros(N) for _ in range(n_states)]
        for t, x in enumerate(spikes[sample]):
            found[sample, t], states = step(w.astype(float) @ x, states)
    return found


def same(graph, spikes, expected, population="1", at_least=50):
    trace = interpret(graph, spikes).populations[population]
    assert at_least < expected.sum() < 0.9 * expected.size
    assert np.array_equal(trace.spikes, expected)


def refused(make, *arguments, **keywords):
    with pytest.raises(NeurodeployError) as error:
        make(*arguments, **keywords)
    assert error.value.exit_code == 2
    return [f for f in error.value.findings if f.severity is Severity.ERROR]


def codes(make, *arguments, **keywords):
    return [finding.code for finding in refused(make, *arguments, **keywords)]


def filled(value, dtype=np.float32):
    return np.full(N, value, dtype)


# ---- Norse 1.1.0, norse/torch/utils/export_nir.py


def norse_lifcell(w, tau_mem_inv=100.0, tau_syn_inv=200.0, dt=1.0):
    return of_nodes(
        nir.Affine(w, filled(0)),
        nir.CubaLIF(
            tau_mem=dt / filled(tau_mem_inv), tau_syn=dt / filled(tau_syn_inv), v_threshold=filled(1),
            v_leak=filled(0), r=filled(1),
        ),
    )  # fmt: skip


def norse_loop(i, states, tau_mem_inv=100.0, tau_syn_inv=200.0):
    v, c = states
    c = c + i
    v = v + DT_S * tau_mem_inv * (c - v)
    z = v > 1
    return z, [np.where(z, 0, v), c - DT_S * tau_syn_inv * c]


@pytest.mark.parametrize("dt", [1.0, 0.001])
def test_norses_lifcell_adds_its_whole_input_and_its_times_may_be_a_thousand_times_too_short(dt, rng, spikes):
    w = weights(rng, 0.7)
    file = norse_lifcell(w, dt=dt)
    assert codes(from_nir, file, DT_S) == (["ND152"] if dt == 1 else ["ND153", "ND152"])
    same(from_nir(file, DT_S, dialect="norse"), spikes, looped(spikes, w, norse_loop))


def test_norses_reset_value_and_threshold_are_said_where_its_file_has_none(rng, spikes):
    w = weights(rng, 0.7)

    def step(i, states):
        z, (v, c) = norse_loop(i, states)
        return z, [np.where(z, -0.5, v), c]

    graph = from_nir(norse_lifcell(w), DT_S, dialect="norse:v_reset=-0.5")
    same(graph, spikes, looped(spikes, w, step))


def test_norses_iafcell_adds_its_whole_input(rng, spikes):
    w = weights(rng, 0.3)
    file = of_nodes(nir.Linear(w), nir.IF(r=filled(1), v_threshold=filled(1)))
    assert codes(from_nir, file, DT_S) == ["ND158"]

    def step(i, states):
        v = states[0] + i
        return v > 1, [np.where(v > 1, 0, v)]

    same(from_nir(file, DT_S, dialect="norse"), spikes, looped(spikes, w, step, n_states=1))


# ---- snnTorch 1.0.0, snntorch/export_nir.py


def snntorch_leaky(w, beta):
    tau = 1e-4 / (1 - filled(beta))
    return of_nodes(nir.Linear(w), nir.LIF(tau=tau, v_threshold=filled(1), v_leak=filled(0), r=tau / 1e-4))


@pytest.mark.parametrize("dt_s", [None, 1e-4, 5e-3])
def test_snntorchs_time_constants_count_steps_of_a_tenth_of_a_millisecond_whatever_dt_is(dt_s, rng, spikes):
    w = weights(rng, 0.4)

    def step(i, states):
        v = np.float32(0.9) * states[0] + i
        return v > 1, [np.where(v > 1, 0, v)]

    graph = from_nir(snntorch_leaky(w, 0.9), dt_s, dialect="snntorch:reset=zero")
    assert graph.dt_s == (dt_s or 1e-4)
    same(graph, spikes, looped(spikes, w, step, n_states=1))


def test_snntorch_does_not_say_how_its_neurons_reset(rng):
    file = snntorch_leaky(weights(rng), 0.9)
    assert codes(from_nir, file, 1e-4) == ["ND155"]
    assert codes(from_nir, file, 1e-4, dialect="snntorch") == ["ND151"]
    assert codes(from_nir, file, 1e-3) == ["ND154", "ND155"]
    assert not [n for n in from_nir(file, 1e-4, dialect="nir").notes if n.code == "ND161"]


def test_snntorchs_synaptic_adds_its_whole_input(rng, spikes):
    w, alpha, beta = weights(rng, 0.2), 0.8, 0.9
    tau_syn, tau_mem = 1e-4 / (1 - filled(alpha)), 1e-4 / (1 - filled(beta))
    file = of_nodes(
        nir.Linear(w),
        nir.CubaLIF(
            tau_syn=tau_syn, tau_mem=tau_mem, v_threshold=filled(1), v_leak=filled(0), r=tau_mem / 1e-4,
            w_in=tau_syn / 1e-4,
        ),
    )  # fmt: skip

    def step(i, states):
        v, c = states
        c = np.float32(alpha) * c + i
        v = np.float32(beta) * v + c
        return v > 1, [np.where(v > 1, 0, v), c]

    same(from_nir(file, dialect="snntorch:reset=zero"), spikes, looped(spikes, w, step))


# ---- sinabs 3.1.3, sinabs/nir.py, written with nir 1.0.4: no v_reset


def without_reset(path, graph):
    """Write a file as nir 1.0.4 does, which has no v_reset."""
    import h5py

    nir.write(path, graph)
    with h5py.File(path, "a") as file:
        for node in file["node/nodes"].values():
            if "v_reset" in node:
                del node["v_reset"]
    return path


def sinabs_lif(path, w, tau):
    lif = nir.LIF(tau=filled(tau), v_threshold=filled(1), v_leak=filled(0), r=filled(1))
    return without_reset(path, of_nodes(nir.Affine(w, filled(0)), lif))


@pytest.mark.parametrize("norm_input", ["yes", "no"])
def test_sinabs_counts_steps_decays_exponentially_and_fires_at_its_threshold(
    norm_input, rng, spikes, tmp_path
):
    w = weights(rng, 2.5 if norm_input == "yes" else 0.3)
    path = sinabs_lif(tmp_path / "s.nir", w, 10)
    assert codes(read_nir, path, DT_S) == ["ND156"]
    decay = np.exp(-1 / 10)

    def step(i, states):
        v = decay * states[0] + (1 - decay if norm_input == "yes" else 1) * i
        return v >= 1, [np.where(v >= 1, 0, v)]

    graph = read_nir(path, DT_S, dialect=f"sinabs:reset=zero,spikes=single,norm_input={norm_input}")
    same(graph, spikes, looped(spikes, w, step, n_states=1))


def test_sinabs_has_more_to_say_than_its_files():
    assert [f.found for f in refused(dialect_of, "sinabs")] == ["nothing said of reset and spikes"]
    assert [f.found for f in refused(dialect_of, "sinabs:reset=zero")] == ["nothing said of spikes"]


def test_several_spikes_in_a_step_are_refused(rng, tmp_path):
    path = sinabs_lif(tmp_path / "s.nir", weights(rng), 10)
    assert codes(read_nir, path, DT_S, dialect="sinabs:reset=zero,spikes=multi") == ["ND163"]


def test_sinabs_iaf_is_recognised_in_steps_of_one(rng, tmp_path):
    path = without_reset(
        tmp_path / "s.nir", of_nodes(nir.Linear(weights(rng)), nir.IF(r=filled(1), v_threshold=filled(1)))
    )
    assert codes(read_nir, path, 1.0) == ["ND155"]
    assert codes(read_nir, path, DT_S) == ["ND158"]
    graph = read_nir(path, 1.0, dialect="sinabs:reset=zero,spikes=single")
    assert graph.populations[0].v_threshold[0] == np.nextafter(1, 0)


# ---- SpikingJelly 2.0.0, nir_exchange/to_nir.py


def spikingjelly(w, tau, decay_input=False, dt=1e-4):
    r = 1.0 if decay_input else tau
    lif = nir.LIF(
        tau=filled(tau * dt, float), r=filled(r, float), v_leak=filled(0, float),
        v_threshold=filled(1, float), v_reset=filled(0, float),
    )  # fmt: skip
    return of_nodes(nir.Linear(w), lif, names=["_0", "_1"], doors=("input_1", "output"))


def test_spikingjelly_fires_at_its_threshold_and_asks_only_where_that_happens(rng, spikes):
    w = (rng.integers(-1, 3, size=(N, N_IN)) / 2).astype(np.float32)

    def step(i, states, ties):
        v = states[0] + (i - states[0] / 2)
        z = v >= 1 if ties else v > 1
        return z, [np.where(z, 0, v)]

    at, above = (
        looped(spikes, w, lambda i, s, ties=ties: step(i, s, ties), n_states=1) for ties in (True, False)
    )
    assert not np.array_equal(at, above)
    file = spikingjelly(w, 2.0)
    assert codes(from_nir, file, 1e-4) == ["ND159"]
    same(from_nir(file, 1e-4, dialect="spikingjelly"), spikes, at, "_1")
    same(from_nir(file, 1e-4, dialect="nir"), spikes, above, "_1")


@pytest.mark.parametrize("decay_input", [False, True])
def test_a_trained_network_of_spikingjelly_is_read_without_a_question(decay_input, rng, spikes):
    w, tau = weights(rng, 0.5 + 1.5 * decay_input), 4.0

    def step(i, states):
        v = states[0] + (i if not decay_input else i / tau) - states[0] / tau
        return v >= 1, [np.where(v >= 1, 0, v)]

    expected = looped(spikes, w, step, n_states=1)
    file = spikingjelly(w, tau, decay_input)
    for dialect in (None, "spikingjelly", "nir"):
        same(from_nir(file, 1e-4, dialect=dialect), spikes, expected, "_1")


# ---- Rockpool 3.1.0 and Spyx 1.0.0, which reset by subtraction; their leaky integrators do not


def test_rockpools_exponential_synapse_decays_what_it_has_just_added(rng, spikes):
    w, tau = weights(rng), 0.02
    r = filled(tau / DT_S * np.exp(-DT_S / tau))
    file = of_nodes(nir.Linear(w), nir.LI(tau=filled(tau), v_leak=filled(0), r=r))
    graph = from_nir(file, DT_S, dialect="rockpool:spikes=single")
    v = np.zeros((3, N))
    found = interpret(graph, spikes).populations["1"].v
    for t in range(spikes.shape[1]):
        v = np.exp(-DT_S / np.float32(tau)) * (v + spikes[:, t] @ w.T.astype(float))
        np.testing.assert_allclose(found[:, t], v, rtol=1e-6, atol=1e-6)


def rockpool_lif(w, tau_mem=0.02, tau_syn=0.005):
    r = filled(tau_mem / DT_S * np.exp(-DT_S / tau_mem))
    return of_nodes(
        nir.Linear(w),
        nir.CubaLIF(
            tau_syn=filled(tau_syn), tau_mem=filled(tau_mem), r=r, v_leak=filled(0), v_threshold=filled(1)
        ),
    )


def test_rockpools_file_is_known_by_its_r(rng):
    (finding,) = refused(from_nir, rockpool_lif(weights(rng)), DT_S)
    assert finding.code == "ND152" and "rockpool" in finding.help
    assert codes(from_nir, rockpool_lif(weights(rng)), DT_S, dialect="norse") == ["ND162"]
    assert codes(from_nir, rockpool_lif(weights(rng)), 2 * DT_S, dialect="rockpool:spikes=single") == [
        "ND162"
    ]


def spyx_nodes(w, beta):
    common = {"tau": DT_S / (1 - filled(beta)), "v_leak": filled(0), "r": filled(beta)}
    return nir.Linear(w), common


def test_spyxs_leaky_integrator_adds_its_whole_input(rng, spikes):
    w, beta = weights(rng), 0.8
    linear, common = spyx_nodes(w, beta)
    file = of_nodes(linear, nir.LI(**common))
    assert codes(from_nir, file, DT_S) == ["ND157"]
    found = interpret(from_nir(file, DT_S, dialect="spyx"), spikes).populations["1"].v
    v = np.zeros((3, N))
    for t in range(spikes.shape[1]):
        v = np.float32(beta) * v + spikes[:, t] @ w.T.astype(float)
        np.testing.assert_allclose(found[:, t], v, rtol=0, atol=1e-5)


def test_spyxs_spiking_neurons_subtract_what_v_of_the_step_before_says(rng, spikes):
    w, beta = weights(rng), 0.8
    linear, common = spyx_nodes(w, beta)
    file = of_nodes(linear, nir.LIF(**common, v_threshold=filled(1)))
    found = interpret(from_nir(file, DT_S, dialect="spyx"), spikes).populations["1"]
    v = np.zeros((3, N))
    for t in range(spikes.shape[1]):
        sent = v > 1  # spyx/nn.py, LIF: the spike of this step is of v as it was
        if t > 0:
            assert np.array_equal(found.spikes[:, t - 1], sent)
        v = np.float32(beta) * v + spikes[:, t] @ w.T.astype(float) - sent
        np.testing.assert_allclose(found.v[:, t], v, rtol=0, atol=1e-5)
    assert found.spikes.any()


def test_spyxs_filtered_neurons_subtract_before_they_leak(rng, spikes):
    w, alpha, beta = weights(rng, 0.2), 0.7, 0.8
    tau_syn = DT_S / (1 - filled(alpha))
    file = of_nodes(
        nir.Linear(w),
        nir.CubaLIF(
            tau_mem=DT_S / (1 - filled(beta)), tau_syn=tau_syn, v_threshold=filled(1), v_leak=filled(0),
            r=filled(beta),
        ),
    )  # fmt: skip
    assert codes(from_nir, file, DT_S) == ["ND157"]

    def step(i, states):  # spyx/nn.py, CuBaLIF
        v, c = states
        sent = v > 1
        c = np.float32(alpha) * c + i
        return sent, [np.float32(beta) * (v - sent) + c, c]

    found = interpret(from_nir(file, DT_S, dialect="spyx"), spikes).populations["1"].spikes
    expected = looped(spikes, w, step)
    assert 50 < expected.sum() < 0.9 * expected.size
    assert np.array_equal(found[:, :-1], expected[:, 1:])


def test_spyxs_recurrent_layer_adds_its_input_past_the_weights_of_its_feedback(rng, spikes):
    w, w_rec, beta = weights(rng, 0.3), rng.normal(size=(N, N)).astype(np.float32) / 4, 0.8
    linear, common = spyx_nodes(w, beta)
    inner = nir.NIRGraph(
        nodes={
            "layer_1.lif": nir.LIF(**common, v_threshold=filled(1)),
            "layer_1.w_rec": nir.Linear(w_rec),
            "layer_1.input": nir.Input(np.array([N])),
            "layer_1.output": nir.Output(np.array([N])),
        },
        edges=[
            ("layer_1.input", "layer_1.w_rec"), ("layer_1.w_rec", "layer_1.lif"),
            ("layer_1.lif", "layer_1.w_rec"), ("layer_1.lif", "layer_1.output"),
        ],
    )  # fmt: skip
    graph = from_nir(of_nodes(linear, inner, names=["layer_0", "layer_1"]), DT_S, dialect="spyx")
    (population,) = graph.populations

    def step(i, states):  # spyx/nn.py, RLIF
        (v,) = states
        sent = v > 1
        return sent, [np.float32(beta) * v + i + w_rec.astype(float) @ sent - sent]

    found = interpret(graph, spikes).populations[population.name].spikes
    expected = looped(spikes, w, step, n_states=1)
    assert 50 < expected.sum() < 0.9 * expected.size
    assert np.array_equal(found[:, :-1], expected[:, 1:])


def test_spyxs_spikes_reach_the_next_layer_a_step_later_and_its_if_adds_its_whole_input(rng, spikes):
    w, second = weights(rng, 0.15), rng.normal(0.1, 0.5, size=(N, N)).astype(np.float32)
    linear, common = spyx_nodes(w, 0.8)
    file = of_nodes(linear, nir.IF(r=filled(1), v_threshold=filled(1)), nir.Linear(second), nir.LI(**common))
    found = interpret(from_nir(file, DT_S, dialect="spyx"), spikes).populations
    v, out = np.zeros((3, N)), np.zeros((3, N))
    for t in range(spikes.shape[1]):
        sent = v > 1
        v = v + spikes[:, t] @ w.T.astype(float) - sent
        out = np.float32(0.8) * out + sent @ second.T.astype(float)
        np.testing.assert_allclose(found["3"].v[:, t], out, rtol=0, atol=1e-5)
    assert found["1"].spikes.sum() > 50


@pytest.mark.parametrize("how", ["subtract", "subtract-at-once"])
def test_snntorchs_subtraction_is_one_step_late_or_at_once(how, rng, spikes):
    w = weights(rng, 0.4)

    def step(i, states):  # snntorch/_neurons/leaky.py: reset_delay
        v, reset = states
        v = np.float32(0.9) * v + i - (reset if how == "subtract" else 0)
        z = v > 1
        return z, [v - (z if how != "subtract" else 0), z.astype(float)]

    graph = from_nir(snntorch_leaky(w, 0.9), dialect=f"snntorch:reset={how}")
    same(graph, spikes, looped(spikes, w, step))


def test_snntorchs_subtraction_without_leak_as_well(rng, spikes):
    w, endless = weights(rng, 0.3), filled(np.inf)
    file = of_nodes(nir.Linear(w), nir.LIF(tau=endless, v_threshold=filled(1), v_leak=filled(0), r=endless))

    def step(i, states):
        v = states[0] + i - (states[0] > 1)
        return v > 1, [v]

    same(from_nir(file, dialect="snntorch:reset=subtract"), spikes, looped(spikes, w, step, n_states=1))


def test_sinabs_subtracts_at_once(rng, spikes, tmp_path):
    w, decay = weights(rng, 2.5), np.exp(-1 / 10)

    def step(i, states):
        v = decay * states[0] + (1 - decay) * i
        return v >= 1, [v - (v >= 1)]

    path = sinabs_lif(tmp_path / "s.nir", w, 10)
    graph = read_nir(path, DT_S, dialect="sinabs:reset=subtract,spikes=single")
    same(graph, spikes, looped(spikes, w, step, n_states=1))


@pytest.mark.parametrize("filtered", [True, False])
def test_rockpool_decays_what_it_adds_fires_at_its_threshold_and_subtracts(filtered, rng, spikes):
    w, tau_mem, tau_syn = weights(rng, 0.1 if filtered else 0.2), 0.02, 0.005
    decays = [np.exp(-DT_S / np.float32(tau)) for tau in (tau_mem, tau_syn)]

    def step(i, states):  # lif_torch.py, LIFTorch.forward; lif_neuron_torch.py
        v, c = states
        c = decays[1] * (c + i) if filtered else i
        v = decays[0] * v + c
        return v >= 1, [v - (v >= 1), c]

    file = rockpool_lif(w, tau_mem, tau_syn)
    if not filtered:
        r = filled(tau_mem / DT_S * np.exp(-DT_S / tau_mem))
        lif = nir.LIF(tau=filled(tau_mem), r=r, v_leak=filled(0), v_threshold=filled(1))
        file = of_nodes(nir.Linear(w), lif)
    same(from_nir(file, DT_S, dialect="rockpool:spikes=single"), spikes, looped(spikes, w, step))


# ---- what is asked, and what is not


def test_what_neurodeploy_wrote_is_never_asked_about(rng):
    for file, dialect in ((norse_lifcell(weights(rng)), "norse"), (norse_lifcell(weights(rng)), "nir")):
        graph = from_nir(file, DT_S, dialect=dialect)
        again = from_nir(to_nir(graph))
        assert again.notes == ()
        assert np.array_equal(again.populations[0].w_in, graph.populations[0].w_in)
        assert codes(from_nir, to_nir(graph), dialect="norse") == ["ND162"]
        assert from_nir(to_nir(graph), dialect="nir").populations[0].name == "1"


@pytest.mark.parametrize(("dt_s", "asked"), [(1e-3, []), (1e-3 * (1 + 1e-5), []), (2e-3, ["ND154"])])
def test_a_dt_that_contradicts_tau_over_r_is_refused(dt_s, asked, rng):
    tau = np.linspace(5e-3, 20e-3, N)
    lif = nir.LIF(tau=tau, r=tau / 1e-3, v_leak=filled(0), v_threshold=filled(1), v_reset=filled(0))
    file = of_nodes(nir.Linear(weights(rng)), lif)
    if asked:
        (finding,) = refused(from_nir, file, dt_s)
        assert finding.code == "ND154" and "0.001 s" in finding.limit
        assert from_nir(file, dt_s, dialect="nir").dt_s == dt_s
    else:
        assert from_nir(file, dt_s).notes == ()


@pytest.mark.parametrize(
    ("r", "asked"), [(1 / DT_S, []), (1e4, ["ND154"]), (3.7, []), (0.7, []), (1.0, ["ND158"])]
)
def test_r_of_neurons_without_leak_tells_their_step(r, asked, rng):
    file = of_nodes(nir.Linear(weights(rng)), nir.IF(r=filled(r), v_threshold=filled(1)))
    if asked:
        assert codes(from_nir, file, DT_S) == asked
    else:
        from_nir(file, DT_S)


def test_resistances_that_are_no_steps_and_one_input_gain_of_a_step_are_not_asked_about(rng):
    lif = nir.LIF(
        tau=np.linspace(0.01, 0.02, N), r=np.linspace(2, 3, N), v_leak=filled(0), v_threshold=filled(1)
    )
    from_nir(of_nodes(nir.Linear(weights(rng)), lif), DT_S)
    cuba = {"tau_mem": filled(0.01), "r": filled(1), "v_leak": filled(0), "v_threshold": filled(1)}
    from_nir(of_nodes(nir.Linear(weights(rng)), nir.CubaLIF(tau_syn=filled(DT_S), **cuba)), DT_S)
    from_nir(
        of_nodes(nir.Linear(weights(rng)), nir.CubaLIF(tau_syn=filled(0.01), w_in=filled(3), **cuba)), DT_S
    )


def test_a_file_without_v_reset_gets_a_note(rng, tmp_path):
    lif = nir.LIF(tau=filled(0.01), r=filled(1), v_leak=filled(0), v_threshold=filled(1))
    path = without_reset(tmp_path / "n.nir", of_nodes(nir.Linear(weights(rng)), lif))
    (note,) = read_nir(path, DT_S).notes
    assert note.code == "ND160" and note.severity is Severity.NOTE
    assert [n.code for n in read_nir(path, DT_S, dialect="nir").notes] == ["ND160"]


def test_a_description_shows_what_it_sees_and_refuses_nothing(rng, tmp_path):
    path = tmp_path / "n.nir"
    nir.write(path, norse_lifcell(weights(rng), dt=0.001))
    assert [n.code for n in describe_nir(path).notes] == ["ND152"]  # without dt nobody can tell the other
    assert [n.code for n in describe_nir(path, DT_S).notes] == ["ND153", "ND152"]
    assert [n.code for n in describe_nir(path, DT_S, dialect="norse").notes] == ["ND161"]
    assert describe_nir(path, DT_S, dialect="norse").populations[0].tau_s[0] == pytest.approx(0.01)
    assert codes(describe_nir, path, dialect="norse") == ["ND121"]


@pytest.mark.parametrize(
    "spec",
    ["", "nrose", "norse:", "norse:reset", "norse:reset=", "norse:reset=zero", "norse:v_reset=nan",
     "nir:reset=zero", "norse:reset=value,reset=value", "snntorch:reset=zero,", "sinabs:rest=zero"],
)  # fmt: skip
def test_a_dialect_that_is_none_is_refused(spec):
    if spec == "norse:":
        assert dialect_of(spec).options == {"reset": "value", "v_reset": "0"}
        return
    (finding,) = refused(dialect_of, spec)
    assert finding.code == "ND150"


def test_every_dialect_is_read_back_from_its_own_text():
    said = {"snntorch": "reset=subtract", "sinabs": "reset=zero,spikes=single", "rockpool": "spikes=single"}
    for name in FRAMEWORKS:
        dialect = dialect_of(f"{name}:{said.get(name, '')}")
        assert dialect_of(str(dialect)) == dialect


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [("snntorch:reset=zero", "LI"), ("sinabs:reset=zero,spikes=single", "CubaLIF"), ("spikingjelly", "LI"),
     ("rockpool:spikes=single", "IF")],
)  # fmt: skip
def test_neurons_that_a_framework_does_not_write_are_refused(dialect, kind, rng):
    nodes = {
        "LI": nir.LI(tau=filled(0.01), r=filled(1), v_leak=filled(0)),
        "IF": nir.IF(r=filled(1), v_threshold=filled(1)),
        "CubaLIF": norse_lifcell(weights(rng)).nodes["1"],
    }
    file = of_nodes(nir.Linear(weights(rng)), nodes[kind])
    assert codes(from_nir, file, DT_S, dialect=dialect) == ["ND162"]


def test_beta_of_1_is_not_taken_for_the_if_that_snntorch_does_not_write(rng):
    endless = nir.LIF(tau=filled(np.inf), r=filled(np.inf), v_leak=filled(0), v_threshold=filled(1))
    plain = nir.IF(r=filled(1), v_threshold=filled(1))
    square = np.eye(N, dtype=np.float32)
    file = of_nodes(nir.Linear(weights(rng)), endless, nir.Linear(square), plain)
    (finding,) = refused(from_nir, file, DT_S, dialect="snntorch:reset=zero")
    assert finding.code == "ND162" and finding.where.endswith(": 3") and finding.found == "IF"
