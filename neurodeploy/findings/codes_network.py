"""What the codes ND100 to ND115, ND117 (graph), ND2xx (target rules) and ND3xx (quantisation) mean."""

from __future__ import annotations

from neurodeploy.findings.finding import Rule, Severity

NOT_FINITE = Rule(
    "ND101",
    "a number is NaN or infinite",
    why="Nothing that is computed from it means anything.",
    example="a NIR file whose training has diverged",
)

TAU_TOO_SHORT = Rule(
    "ND102",
    "a time constant is shorter than one step",
    why="An Euler step of dt/tau above 1 overshoots its target.",
    example="tau = 5 ms at dt = 10 ms",
)

NEGATIVE_DELAY = Rule(
    "ND103",
    "a delay is negative",
    why="A spike cannot arrive before it is sent.",
    example="a nir.Delay of -1 ms",
)

DELAY_OFF_GRID = Rule(
    "ND104",
    "a delay is not a whole number of steps",
    why="A trained network has rounded its delays before it was evaluated.",
    example="a delay of 15 ms at dt = 10 ms in a run",
)

ARRAY_SHAPE = Rule(
    "ND105",
    "an array has the wrong shape",
    why="Parameters have one value for each neuron, weights are [tap, post, pre].",
    example="a weight of shape [post, pre] for sources of another size",
)

BAD_NAME = Rule(
    "ND106",
    "a name is used twice or cannot be used",
    why="Populations and projections are found by name, and names become file entries.",
    example="two populations called hidden",
)

NO_SUCH_END = Rule(
    "ND107",
    "the source or target of a projection does not exist",
    why="The finding lists the names that do.",
    example="a projection from hidden0 where populations count from 1",
)

LOOP_WITHOUT_DELAY = Rule(
    "ND108",
    "a loop has no delay",
    why="Its spikes would have to arrive before they are sent.",
    example="a recurrent projection with delay 0",
)

THRESHOLD_BELOW_RESET = Rule(
    "ND109",
    "a threshold is not above the reset value",
    why="The neuron would spike at every step, whatever its input.",
    example="v_threshold = 0 with v_reset = 0",
)

BAD_READOUT = Rule(
    "ND110",
    "the readout cannot be used",
    why=(
        "It names a population that does not exist, an unknown kind of score, or counts spikes that "
        "never come."
    ),
    example="spike_count of a leaky integrator",
)

WRONG_ORDER = Rule(
    "ND111",
    "a population stands before one that it depends on in the same step",
    why="Populations are computed in their order, and a spike without delay counts in its own step.",
    example="the readout listed before the hidden population that feeds it with delay 0",
)

NO_INPUT = Rule(
    "ND112",
    "the network has no input or no step",
    why="The number of inputs and the length of a step are positive.",
    example="dt = 0",
)

SILENT_SOURCE = Rule(
    "ND113",
    "a projection starts at neurons that never spike",
    why="Only spiking populations send anything.",
    example="a projection from a leaky integrator",
)

DELAY_TOO_LARGE = Rule(
    "ND114",
    "a delay has more steps than can be counted",
    why="Delays are counted in 32 bits. Such a delay is a damaged number, or a dt far too small.",
    example="a nir.Delay of 1e30 s",
)

NO_GAIN = Rule(
    "ND115",
    "the input of a neuron has no effect",
    why="Its input is multiplied by r (and by w_in behind a filter) before it reaches v.",
    example="r = 0",
)

NUMBER_TOO_LARGE = Rule(
    "ND117",
    "a number is too large to be computed with",
    why="Squares and products of such numbers leave the range of float64. No network has them.",
    example="a weight of 1e300",
)

DELAY_TOO_LONG = Rule(
    "ND201",
    "a delay is longer than the target can hold",
    why=(
        "NetX files hold 6 bits of delay and clamp above 62 steps with a warning only. Source: lava-dl "
        "0.6.0, lava/lib/dl/netx/hdf5.py. Train with a shorter maximum delay or a longer dt."
    ),
    example="a delay of 63 steps",
)

WEIGHT_OFF_GRID = Rule(
    "ND202",
    "a weight is not on the grid that the chip stores",
    why=(
        "8 bits: 0..255 in magnitude where all signs agree, else even numbers in -256..254. Source: "
        "lava- nc 0.10.0, lava/utils/weightutils.py."
    ),
    example="a weight of 3 beside one of -4",
)

WEIGHT_EXPONENT = Rule(
    "ND203",
    "a weight exponent does not fit its register",
    why="It shifts the sum of a step's arrivals.",
    example="an exponent of 8",
)

DECAY_REGISTER = Rule(
    "ND204",
    "a decay does not fit its register",
    why="12 bits: 0..4095. Source: lava-nc 0.10.0, lava/proc/lif/models.py.",
    example="dv = 4096",
)

THRESHOLD_REGISTER = Rule(
    "ND205",
    "a threshold does not fit its register",
    why="17 bits: 0..131071, compared after << 6. Source: lava-nc 0.10.0, lava/proc/lif/models.py.",
    example="vth = 131072",
)

BIAS_REGISTER = Rule(
    "ND206",
    "a bias does not fit its registers",
    why="A 13-bit signed mantissa and a 3-bit exponent. Source: lava-nc 0.10.0, lava/proc/lif/models.py.",
    example="a mantissa of 4096",
)

TOO_MANY_GROUPS = Rule(
    "ND207",
    "a population has more time constants than it may have groups",
    why=(
        "A chip process holds one decay for all of its neurons, so a population with several becomes several."
    ),
    example="100 groups",
)

INITIAL_STATE = Rule(
    "ND208",
    "an initial voltage does not fit the state register",
    why="v is 24 bits, signed.",
    example="v_leak far below v_reset with a large scale",
)

INPUT_TOO_LARGE = Rule(
    "ND209",
    "the input takes larger values than can be sent to the chip",
    why="Graded input travels in a message of a limited number of bits.",
    example="counts up to 100000",
)

TOO_MANY_CORES = Rule(
    "ND210",
    "the network needs more cores than the chip has",
    why="Neurons and bytes of synapses per core are limited.",
    example="a dense projection between two populations of 10,000",
)

TOO_MANY_NEURONS = Rule(
    "ND211",
    "the network has more neurons than the chip",
    why="The finding gives both numbers.",
    example="two million neurons",
)

ACCUMULATOR = Rule(
    "ND216",
    "a step's synaptic input is larger than the accumulator",
    why="It would wrap on the chip and not in the simulation. Measured on every sample of the bundle.",
    example="500 synapses of weight 255 that fire at once",
)

READOUT_SPIKES = Rule(
    "ND217",
    "the readout reaches its threshold",
    why=(
        "Lava's LIF has no way to switch the threshold off; a readout holds the largest one and must "
        "stay below."
    ),
    example="calibration samples that are much weaker than the real ones",
)

SOFT_RESET = Rule(
    "ND220",
    "a soft reset cannot be deployed",
    why=(
        "On Loihi neurons subtract by a connection to themselves, which is summed with all other input: "
        "behind a synaptic filter the subtraction would be smeared over tau_syn. Without a filter a soft "
        "reset is deployed. Source: lava-nc 0.10.0, lava/proc/atrlif/models.py, ``subthr_dynamics``."
    ),
    example="a graph with a population of the model cuba_lif_subtract",
)

SOFT_START = Rule(
    "ND229",
    "a neuron with a soft reset starts above its threshold",
    why=(
        "Subtract one step late knows the spike of the step before by its v, and a population that runs late "
        "would spike before its time: neither has a meaning that the chip could keep."
    ),
    example="a graph with lif_subtract, v_leak = 2 and v_threshold = 1",
)

LATE_START_CLIPPED = Rule(
    "ND313",
    "a population that runs late starts lower than it was trained to",
    why=(
        "Its bias is there from the chip's first step, so it starts from what that bias brings to the "
        "trained start just in time. Where that is a spike before its time, it starts from the largest v "
        "that is none."
    ),
    example="lif_subtract two steps late, with a bias of -1 and a threshold of 1",
    severity=Severity.NOTE,
)

DELAYS_ROUNDED = Rule(
    "ND301",
    "delays were rounded to whole steps",
    why="To the nearest, ties up; never truncated. A note: the ladder shows what it costs.",
    example="a NIR file of another framework with delays between steps",
    severity=Severity.NOTE,
)

WEIGHTS_CLIPPED = Rule(
    "ND302",
    "weights were clipped to the 8-bit grid",
    why=(
        "A finer grid for most weights can be worth the clipping of a few; the scale with the least "
        "squared error is chosen, and the number of clipped weights is always told."
    ),
    example="a layer with one outlier",
    severity=Severity.NOTE,
)

TAUS_MOVED = Rule(
    "ND303",
    "time constants were moved to fit decay registers",
    why=(
        "12 bits hold a long time constant coarsely, and per-neuron ones become groups. A note from 1 % on."
    ),
    example="tau = 5 s at dt = 1 ms",
    severity=Severity.NOTE,
)

LOOP_TOO_SHORT = Rule(
    "ND304",
    "a loop has less delay than the chip needs for its connections",
    why="Every connection takes a step. Source: lava-nc 0.10.0, lava/proc/dense/models.py.",
    example="a loop over two populations with one step of delay in all",
)

BIAS_BEHIND_FILTER = Rule(
    "ND305",
    "a bias behind a synaptic filter acts at once on the chip",
    why="The chip adds a bias to v; the trained current reaches it after some tau_syn. A note.",
    example="CubaLIF neurons with a bias",
    severity=Severity.NOTE,
)

TAU_TOO_LONG = Rule(
    "ND306",
    "a time constant is longer than a decay register can hold",
    why="dt / tau below 1/8192 rounds to 0 of 4096: the neuron would neither leak nor take input.",
    example="tau = 10 s at dt = 1 ms",
)
