"""What the codes ND116, ND120 to ND139, ND170 and ND171 mean: files of networks, and who reads them."""

from __future__ import annotations

from neurodeploy.findings.finding import Rule, Severity

TOO_LARGE = Rule(
    "ND116",
    "the network is larger than can be read",
    why=(
        "Sizes that a file declares are held against limits before memory is taken for them. A few bytes "
        "can declare any size."
    ),
    example="a NIR file with a weight of 8 TB that nothing is stored of",
)

UNSUPPORTED_NODE = Rule(
    "ND120",
    "a node of the NIR graph is not supported",
    why=(
        "What cannot be represented is refused and never approximated. Supported are LIF, LI, IF, I, "
        "CubaLIF, CubaLI, Affine, Linear, Conv1d, Conv2d, SumPool2d, AvgPool2d, Scale, Delay and Flatten."
    ),
    example="a NIR file with Threshold",
)

NO_DT = Rule(
    "ND121",
    "the file does not say how long a step is",
    why="NIR is in continuous time; a step has a length. Give it with --dt, as it was in training.",
    example="neurodeploy export FILE.nir on a file of another framework, without --dt",
)

BAD_STRUCTURE = Rule(
    "ND122",
    "the NIR graph has a structure that cannot be represented",
    why="A network is populations joined by sums of weights and delays.",
    example="an Affine with a bias before a Delay",
)

BAD_PARAMETER = Rule(
    "ND124",
    "a parameter of a NIR node cannot be used",
    why="It has one value for each neuron, or one for all; weights are [post, pre].",
    example="a tau of 3 values for 5 neurons",
)

OTHER_DT = Rule(
    "ND125",
    "the given dt is not the one that the network was trained with",
    why="Decays and delays in steps would be others, so it would be another network.",
    example="--dt 0.001 for a file that records 0.01",
)

BAD_WINDOW = Rule(
    "ND126",
    "a convolution or pool cannot be computed",
    why=(
        "Kernel, stride and dilation are whole numbers above 0, padding is one from 0 on, 'same' or 'valid', "
        "groups divide the channels, and the kernel is no larger than what it looks at."
    ),
    example="a Conv2d with the stride 0",
)

READ_AS_INTEGRATOR = Rule(
    "ND127",
    "weights before an Output are read as leaky integrators",
    why=(
        "A network ends in a population. A weighted sum of spikes is one with tau = dt, r = 1 and no leak "
        "voltage: v of a step is that step's sum. A note."
    ),
    example="a NIR file that ends in a Linear",
    severity=Severity.NOTE,
)

RENAMED_NEURONS = Rule(
    "ND128",
    "neurons with the name of the network's input are read under another",
    why="`input` stands for the input spikes in every file that is written. A note.",
    example="a NIR file with an LIF node called input",
    severity=Severity.NOTE,
)

NOT_FOR_READER = Rule(
    "ND170",
    "the framework that is to read the file cannot compute this network",
    why=(
        "It has no place for a part of it, or its importer leaves the part out without a word. Such a file "
        "would be another network there. What each framework reads was found by running it: "
        "docs/results/conformance.md."
    ),
    example="neurodeploy nir tiny.nir --for snntorch -o net.nir",
)

UNKNOWN_READER = Rule(
    "ND171",
    "no reader of NIR has this name",
    why="A file is rewritten for what one framework's importer reads; the others read other things.",
    example="neurodeploy nir tiny.nir --for snntroch -o net.nir",
)
