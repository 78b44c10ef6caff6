"""What the codes ND1xx (graph), ND2xx (target rules) and ND3xx (quantisation) mean."""

from __future__ import annotations

NETWORK: dict[str, tuple[str, str, str]] = {
    "ND101": (
        "a number is NaN or infinite",
        "Nothing that is computed from it means anything.",
        "a NIR file whose training has diverged",
    ),
    "ND102": (
        "a time constant is shorter than one step",
        "An Euler step of dt/tau above 1 overshoots its target.",
        "tau = 5 ms at dt = 10 ms",
    ),
    "ND103": (
        "a delay is negative",
        "A spike cannot arrive before it is sent.",
        "a nir.Delay of -1 ms",
    ),
    "ND104": (
        "a delay is not a whole number of steps",
        "A trained network has rounded its delays before it was evaluated.",
        "a delay of 15 ms at dt = 10 ms in a run",
    ),
    "ND105": (
        "an array has the wrong shape",
        "Parameters have one value for each neuron, weights are [tap, post, pre].",
        "a weight of shape [post, pre] for sources of another size",
    ),
    "ND106": (
        "a name is used twice or cannot be used",
        "Populations and projections are found by name, and names become file entries.",
        "two populations called hidden",
    ),
    "ND107": (
        "the source or target of a projection does not exist",
        "The finding lists the names that do.",
        "a projection from hidden0 where populations count from 1",
    ),
    "ND108": (
        "a loop has no delay",
        "Its spikes would have to arrive before they are sent.",
        "a recurrent projection with delay 0",
    ),
    "ND109": (
        "a threshold is not above the reset value",
        "The neuron would spike at every step, whatever its input.",
        "v_threshold = 0 with v_reset = 0",
    ),
    "ND110": (
        "the readout cannot be used",
        "It names a population that does not exist, an unknown kind of score, or counts spikes that never "
        "come.",
        "spike_count of a leaky integrator",
    ),
    "ND111": (
        "a population stands before one that it depends on in the same step",
        "Populations are computed in their order, and a spike without delay counts in its own step.",
        "the readout listed before the hidden population that feeds it with delay 0",
    ),
    "ND112": (
        "the network has no input or no step",
        "The number of inputs and the length of a step are positive.",
        "dt = 0",
    ),
    "ND113": (
        "a projection starts at neurons that never spike",
        "Only spiking populations send anything.",
        "a projection from a leaky integrator",
    ),
    "ND120": (
        "a node of the NIR graph is not supported",
        "What cannot be represented is refused and never approximated. Supported are LIF, LI, CubaLIF, "
        "CubaLI, Affine, Linear, Scale, Delay and Flatten into one axis.",
        "a NIR file with Conv2d",
    ),
    "ND121": (
        "the file does not say how long a step is",
        "NIR is in continuous time; a step has a length. Give it with --dt, as it was in training.",
        "neurodeploy export FILE.nir on a file of another framework, without --dt",
    ),
    "ND122": (
        "the NIR graph has a structure that cannot be represented",
        "A network is populations joined by sums of weights and delays.",
        "two Affine nodes in a row",
    ),
    "ND124": (
        "a parameter of a NIR node cannot be used",
        "It has one value for each neuron, or one for all; weights are [post, pre].",
        "a tau of 3 values for 5 neurons",
    ),
    "ND125": (
        "the given dt is not the one that the network was trained with",
        "Decays and delays in steps would be others, so it would be another network.",
        "--dt 0.001 for a file that records 0.01",
    ),
    "ND201": (
        "a delay is longer than the target can hold",
        "NetX files hold 6 bits of delay and clamp above 62 steps with a warning only. Source: lava-dl "
        "0.6.0, lava/lib/dl/netx/hdf5.py. Train with a shorter maximum delay or a longer dt.",
        "a delay of 63 steps",
    ),
    "ND202": (
        "a weight is not on the grid that the chip stores",
        "8 bits: 0..255 in magnitude where all signs agree, else even numbers in -256..254. Source: lava- "
        "nc 0.10.0, lava/utils/weightutils.py.",
        "a weight of 3 beside one of -4",
    ),
    "ND203": (
        "a weight exponent does not fit its register",
        "It shifts the sum of a step's arrivals.",
        "an exponent of 8",
    ),
    "ND204": (
        "a decay does not fit its register",
        "12 bits: 0..4095. Source: lava-nc 0.10.0, lava/proc/lif/models.py.",
        "dv = 4096",
    ),
    "ND205": (
        "a threshold does not fit its register",
        "17 bits: 0..131071, compared after << 6. Source: lava-nc 0.10.0, lava/proc/lif/models.py.",
        "vth = 131072",
    ),
    "ND206": (
        "a bias does not fit its registers",
        "A 13-bit signed mantissa and a 3-bit exponent. Source: lava-nc 0.10.0, lava/proc/lif/models.py.",
        "a mantissa of 4096",
    ),
    "ND207": (
        "a population has more time constants than it may have groups",
        "A chip process holds one decay for all of its neurons, so a population with several becomes "
        "several.",
        "100 groups",
    ),
    "ND208": (
        "an initial voltage does not fit the state register",
        "v is 24 bits, signed.",
        "v_leak far below v_reset with a large scale",
    ),
    "ND209": (
        "the input takes larger values than can be sent to the chip",
        "Graded input travels in a message of a limited number of bits.",
        "counts up to 100000",
    ),
    "ND210": (
        "the network needs more cores than the chip has",
        "Neurons and bytes of synapses per core are limited.",
        "a dense projection between two populations of 10,000",
    ),
    "ND211": (
        "the network has more neurons than the chip",
        "The finding gives both numbers.",
        "two million neurons",
    ),
    "ND216": (
        "a step's synaptic input is larger than the accumulator",
        "It would wrap on the chip and not in the simulation. Measured on every sample of the bundle.",
        "500 synapses of weight 255 that fire at once",
    ),
    "ND217": (
        "the readout reaches its threshold",
        "Lava's LIF has no way to switch the threshold off; a readout holds the largest one and must stay "
        "below.",
        "calibration samples that are much weaker than the real ones",
    ),
    "ND220": (
        "a soft reset cannot be deployed",
        "Lava's LIF sets v to 0 after a spike; subtracting the threshold does not exist there. Source: "
        "lava-nc 0.10.0, lava/proc/lif/models.py.",
        "a recipe with network.reset = soft",
    ),
    "ND301": (
        "delays were rounded to whole steps",
        "To the nearest, ties up; never truncated. A note: the ladder shows what it costs.",
        "a NIR file of another framework with delays between steps",
    ),
    "ND302": (
        "weights were clipped to the 8-bit grid",
        "A finer grid for most weights can be worth the clipping of a few; the scale with the least "
        "squared error is chosen, and the number of clipped weights is always told.",
        "a layer with one outlier",
    ),
    "ND303": (
        "time constants were moved to fit decay registers",
        "12 bits hold a long time constant coarsely, and per-neuron ones become groups. A note from 1 % on.",
        "tau = 5 s at dt = 1 ms",
    ),
    "ND304": (
        "a loop has less delay than the chip needs for its connections",
        "Every connection takes a step. Source: lava-nc 0.10.0, lava/proc/dense/models.py.",
        "a loop over two populations with one step of delay in all",
    ),
    "ND305": (
        "a bias behind a synaptic filter acts at once on the chip",
        "The chip adds a bias to v; the trained current reaches it after some tau_syn. A note.",
        "CubaLIF neurons with a bias",
    ),
    "ND306": (
        "a time constant is longer than a decay register can hold",
        "dt / tau below 1/8192 rounds to 0 of 4096: the neuron would neither leak nor take input.",
        "tau = 10 s at dt = 1 ms",
    ),
}
