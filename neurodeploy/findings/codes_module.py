"""What the codes ND140 to ND149 mean: a user's own modules and traces, and what a foreign network eats."""

from __future__ import annotations

from neurodeploy.findings.finding import Rule

NOT_REPRESENTABLE = Rule(
    "ND140",
    "a part of the module cannot be represented",
    why=(
        "A network is populations of neurons joined by weights and delays. What cannot be written so is "
        "refused by its path in the module, and never approximated."
    ),
    example="a torch.nn.ReLU or MaxPool2d in norse.torch.SequentialState",
)

LAYER_OF_OTHER_STEP = Rule(
    "ND141",
    "a layer was built for steps of another length",
    why=(
        "Norse's cells are built with a dt of 0.001 s where none is given. With another dt than that of the "
        "samples, decays in seconds would be those of another network."
    ),
    example="norse.torch.LIFBoxCell() in nd.from_module(module, samples, dt_s=0.01)",
)

MODULE_FAILS = Rule(
    "ND142",
    "the module cannot be run on the samples",
    why=(
        "A copy of it is run in float64 on the samples, in evaluation; what it does there is what the "
        "deployed network is held against. The finding has the module's own message."
    ),
    example="a module for 20 inputs with samples of 30 sources",
)

BAD_INPUT_SHAPE = Rule(
    "ND143",
    "the input shape does not fit the samples or the module",
    why="Samples are [sample, step, source]; a convolution needs to know which shape the sources have.",
    example="nd.from_module of a Conv2d without input_shape",
)

BAD_TRACES = Rule(
    "ND144",
    "the traces do not fit the network",
    why=(
        "They are what the network is held against: spikes of every population for every input and step, "
        "and v of what never spikes. A comparison with less could pass without having compared."
    ),
    example="--traces with an array hidden/spikes of other steps than the input's",
)
