"""What the codes ND030 to ND039, ND042, ND046 and ND050 to ND079 mean: data files, runs and sweeps."""

from __future__ import annotations

from neurodeploy.findings.finding import Exit, Rule

DATA_NOT_HDF5 = Rule(
    "ND030",
    "the data file is not a readable HDF5 file",
    why="It is truncated, damaged or of another kind.",
    example="an interrupted download of shd_train.h5",
)

DATA_LAYOUT = Rule(
    "ND031",
    "the data file does not have the layout of the Spiking Heidelberg Digits",
    why="It needs spikes/times, spikes/units (a list for each sample) and labels, of the right types.",
    example="an HDF5 file with dense arrays",
)

DATA_LENGTHS = Rule(
    "ND032",
    "lists of the data file have different lengths",
    why="Every sample needs a list of times, a list of units of the same length, and a label.",
    example="a file with 100 labels and 99 samples",
)

UNIT_OUT_OF_RANGE = Rule(
    "ND033",
    "a unit lies outside the channel range",
    why="The spike would have to be dropped or put into another channel; neither is what the file says.",
    example="a unit 700 with data.source_channels = 700 (units count from 0)",
)

BAD_SPIKE_TIME = Rule(
    "ND034",
    "a spike time is negative or not finite",
    why="Times are seconds from the start of a sample.",
    example="a NaN among the times",
)

NEGATIVE_LABEL = Rule(
    "ND035",
    "a label is negative",
    why="Labels count from 0.",
    example="-1 as the label of unlabelled samples",
)

NO_DOWNLOAD = Rule(
    "ND036",
    "the data set is not here and cannot be downloaded",
    why=(
        "SHD and SSC come through the package tonic at first use, which needs the network; or give the "
        "folder of the files with --data."
    ),
    example="neurodeploy train shd-delays without network",
)

NO_DATA_FOLDER = Rule(
    "ND037",
    "the recipe needs a folder with data files",
    why="Recipes of kind files read SHD-format files from the folder given by --data.",
    example="neurodeploy train spoken-digits without --data",
)

BAD_PATTERN = Rule(
    "ND038",
    "no file, or several files, match a name pattern",
    why="Which file is meant must not be guessed: training on the test set would go unnoticed.",
    example="--data on a folder with two files *train*.h5",
)

CLASS_TOO_SMALL = Rule(
    "ND039",
    "a class has too few samples to split off a validation set",
    why="The validation set holds a fraction of each class, and never samples of the test set.",
    example="a class with one sample",
)

DATA_MISFIT = Rule(
    "ND042",
    "the data set does not fit the recipe",
    why=(
        "The network is built from the recipe's steps, channels and input, and its score from the kind of "
        "labels. A set of another form would train another network than the recipe says."
    ),
    example="a plug-in's data set with 50 steps and data.steps = 100",
)

NOT_ENOUGH_MEMORY = Rule(
    "ND046",
    "the machine has not enough memory for the recipe",
    why="The parameters, one batch and the generated samples alone would not fit; the system would stop it.",
    example="--set network.hidden=[40000,40000] on a laptop",
)

RUN_NOT_FINISHED = Rule(
    "ND050",
    "the folder is not a finished training run",
    why="Only a finished run holds selected weights and the samples that it was measured on.",
    example="neurodeploy export on a run that was stopped; continue it with train --resume",
)

RUN_EXISTS = Rule(
    "ND051",
    "the run folder exists",
    why="A run is never overwritten; continue it with --resume or choose another folder with -o.",
    example="training the same recipe and seed twice",
)

OTHER_RECIPE = Rule(
    "ND052",
    "the run was begun with another recipe",
    why="--resume goes on exactly where a run stopped, which another recipe, seed or data set cannot do.",
    example="train --resume with another --set",
)

NOTHING_TO_RESUME = Rule(
    "ND053",
    "there is no run to resume",
    why="The folder has no recipe.toml.",
    example="train RECIPE -o NEW --resume",
)

TRAINING_DIVERGED = Rule(
    "ND054",
    "the training has diverged",
    why="The loss is NaN or infinite; what follows would be noise.",
    example="a learning rate of 10",
)

BATCH_TOO_SMALL = Rule(
    "ND055",
    "a batch has fewer samples than there are processes",
    why="Processes share each batch; one without samples would wait for ever.",
    example="torchrun --nproc-per-node 8 with a batch size of 4",
)

LIF_SOFT_RESET = Rule(
    "ND056",
    "Norse's LIF has no soft reset",
    why="Only LIFBox here subtracts the threshold; LIF follows Norse's own step.",
    example="nd.train of a recipe with neuron = lif and reset = soft, without a target",
)

RUN_FILE_CHANGED = Rule(
    "ND057",
    "a file of the run does not hold what was written",
    why=(
        "Checkpoints and weights carry a checksum. Damaged ones would go on to other weights, or be "
        "deployed, without a sign of it."
    ),
    example="a checkpoint on a disk that loses bits",
)

BAD_GRID = Rule(
    "ND060",
    "a grid cannot be used",
    why="--grid takes a key of the recipe, or `variant`, and distinct values.",
    example="--grid network.tau.dtau_s",
)

BAD_SEEDS = Rule(
    "ND061",
    "seeds cannot be used",
    why="--seeds takes whole numbers and rising ranges, each seed once.",
    example="--seeds 9-0",
)

SWEEP_EXISTS = Rule(
    "ND062",
    "the sweep's folder exists",
    why="A sweep is never overwritten; continue it with --resume or choose another folder with -o.",
    example="the same sweep twice",
)

SWEEP_OTHER_RECIPE = Rule(
    "ND063",
    "a run of the sweep was begun with another recipe",
    why="Its numbers would be compared with those of other settings.",
    example="sweep --resume after an edit of the recipe",
)

NO_RAY = Rule(
    "ND064",
    "Ray is not installed",
    why="It comes with the extra: pip install 'neurodeploy[train,sweep]'.",
    example="sweep --ray local after a plain install",
    exit_code=Exit.BACKEND_MISSING,
)

NO_RAY_CLUSTER = Rule(
    "ND065",
    "the Ray cluster does not answer",
    why="The address is wrong, or no cluster runs there.",
    example="sweep --ray ray://nowhere:10001",
    exit_code=Exit.BACKEND_MISSING,
)

SWEEP_RUN_FAILED = Rule(
    "ND066",
    "a run of the sweep failed",
    why="The other runs are kept; --resume tries the failed ones again.",
    example="a grid with a learning rate at which training diverges",
)

RAY_NODE_BLIND = Rule(
    "ND067",
    "a Ray node does not see the sweep's folder",
    why="Runs are written by the nodes, so the folder must be on storage that all of them share.",
    example="a cluster of two machines and -o on a local disk",
)
