"""What the codes ND150 to ND169 mean: NIR files whose writer means something else than NIR's equations."""

from __future__ import annotations

from neurodeploy.findings.finding import Rule, Severity

UNKNOWN_DIALECT = Rule(
    "ND150",
    "there is no such dialect",
    why="A dialect says who wrote a NIR file: nir, norse, snntorch, sinabs, rockpool, spikingjelly or spyx.",
    example="--dialect snntroch",
)

DIALECT_OPEN = Rule(
    "ND151",
    "the dialect leaves open what the file does not say",
    why=(
        "snnTorch and sinabs write the same file whether their neurons reset to zero or by subtraction; "
        "sinabs and Rockpool whether a neuron may send several spikes in a step. Nothing is guessed (NIR "
        "pull request 63 and issue 138 discuss a place for it)."
    ),
    example="--dialect snntorch, without reset=zero, subtract or subtract-at-once",
)

NO_INPUT_GAIN = Rule(
    "ND152",
    "neurons with a synaptic filter lack the input gain that most frameworks mean",
    why=(
        "NIR's current moves by w_in * dt / tau_syn of its input in a step. Norse's LIFCell, Rockpool and "
        "Spyx add the whole input and write w_in = 1: read as it stands, the input is tau_syn / dt times "
        "too weak, and most such networks fall silent (NIR issue 190 discusses w_in; norse/norse's "
        "export_nir.py, version 1.1.0, leaves it out)."
    ),
    example="Norse's to_nir of an LIFCell",
)

THOUSAND_TIMES = Rule(
    "ND153",
    "time constants are a thousand times too short",
    why=(
        "Norse's to_nir writes dt / tau_mem_inv, with dt = 0.001 unless to_nir(dt=1.) is asked for (norse "
        "issue 411). The time constant is 1 / tau_mem_inv."
    ),
    example="Norse's to_nir(net, x) as documented",
)

OTHER_STEP = Rule(
    "ND154",
    "dt contradicts tau / r",
    why=(
        "Frameworks in discrete time write r = tau / dt (IF: r = 1 / dt), so that their input counts in "
        "full. tau / r of all neurons is then one step; with another dt the network would be another."
    ),
    example="a file of snnTorch, whose step is 1e-4 s, with --dt 0.001",
)

RESET_UNKNOWN = Rule(
    "ND155",
    "the file does not say how its neurons reset",
    why=(
        "snnTorch writes its step of 1e-4 s into every file and its reset into none: its default subtracts "
        "the threshold, one step later (reset_delay; snntorch pull request 246), and gives the same file "
        "as a reset to zero, which is NIR's (NIR pull request 63)."
    ),
    example="export_to_nir of snn.Leaky(beta=0.9)",
)

TAU_IN_STEPS = Rule(
    "ND156",
    "time constants seem to count steps",
    why=(
        "sinabs has no dt: its tau is in steps, its decay is exp(-1 / tau), its input counts (1 - decay), "
        "it fires at >= and by default resets by subtraction with several spikes in a step. A file with r "
        "= 1 and every tau at 1 s or above looks like it (sinabs/nir.py, version 3.1.3; NIR pull request "
        "129)."
    ),
    example="sinabs' to_nir of an LIF",
)

R_IS_BETA = Rule(
    "ND157",
    "r holds the decay, not a resistance",
    why=(
        "Spyx writes r = beta = 1 - dt / tau where its input counts in full, r = tau / dt; its neurons "
        "reset by subtraction and their spikes are read one step later (spyx/nir.py and nn.py, version "
        "1.0.0; spyx issue 4)."
    ),
    example="Spyx's to_nir of an LIF",
)

IF_GAIN = Rule(
    "ND158",
    "the input of neurons without leak is scaled by dt",
    why=(
        "NIR's IF is v' = r i, so a step adds dt * r * i. Norse's IAFCell, sinabs' IAF and Spyx' IF add "
        "the whole input and write r = 1; SpikingJelly writes r = 1 / dt, which is right (snntorch issue "
        "416 is the same on the reading side)."
    ),
    example="Norse's to_nir of an IAFCell",
)

TIES = Rule(
    "ND159",
    "v can meet the threshold exactly, and the file does not say whether that fires",
    why=(
        "NIR fires above the threshold, SpikingJelly at it. Names are as SpikingJelly writes them, and "
        "weights on a coarse grid make ties common: 6 % of the spikes of a small network with weights in "
        "halves."
    ),
    example="SpikingJelly's to_nir of a network with weights 0.5 and 1",
)

NO_V_RESET = Rule(
    "ND160",
    "the file says nothing of v_reset, so neurons reset to 0",
    why=(
        "nir 1.0.4 and older have no v_reset (NIR pull request 129 added it); some writers then meant a "
        "subtraction. A note."
    ),
    example="a file of the NIR paper",
    severity=Severity.NOTE,
)

READ_AS_DIALECT = Rule(
    "ND161",
    "the file is read as its framework means it",
    why="What a dialect changes, and what it takes for granted because no file says it. A note.",
    example="--dialect norse",
    severity=Severity.NOTE,
)

NOT_OF_THIS_DIALECT = Rule(
    "ND162",
    "the file is not what this framework writes",
    why="A dialect that does not fit would change a file that means something else.",
    example="--dialect rockpool for a file of Norse",
)

DIALECT_NEEDS_MORE = Rule(
    "ND163",
    "what the framework computes cannot be represented",
    why="It is refused and never approximated.",
    example="--dialect sinabs:reset=zero,spikes=multi",
)
