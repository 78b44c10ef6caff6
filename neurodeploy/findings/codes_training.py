"""What the codes ND030 to ND039 and ND050 to ND079 mean: data files, runs and sweeps."""

from __future__ import annotations

TRAINING: dict[str, tuple[str, str, str]] = {
    "ND030": (
        "the data file is not a readable HDF5 file",
        "It is truncated, damaged or of another kind.",
        "an interrupted download of shd_train.h5",
    ),
    "ND031": (
        "the data file does not have the layout of the Spiking Heidelberg Digits",
        "It needs spikes/times, spikes/units (a list for each sample) and labels, of the right types.",
        "an HDF5 file with dense arrays",
    ),
    "ND032": (
        "lists of the data file have different lengths",
        "Every sample needs a list of times, a list of units of the same length, and a label.",
        "a file with 100 labels and 99 samples",
    ),
    "ND033": (
        "a unit lies outside the channel range",
        "The spike would have to be dropped or put into another channel; neither is what the file says.",
        "a unit 700 with data.source_channels = 700 (units count from 0)",
    ),
    "ND034": (
        "a spike time is negative or not finite",
        "Times are seconds from the start of a sample.",
        "a NaN among the times",
    ),
    "ND035": (
        "a label is negative",
        "Labels count from 0.",
        "-1 as the label of unlabelled samples",
    ),
    "ND036": (
        "the data set is not here and cannot be downloaded",
        "SHD and SSC come through the package tonic at first use, which needs the network; or give the "
        "folder of the files with --data.",
        "neurodeploy train shd-delays without network",
    ),
    "ND037": (
        "the recipe needs a folder with data files",
        "Recipes of kind files read SHD-format files from the folder given by --data.",
        "neurodeploy train spoken-digits without --data",
    ),
    "ND038": (
        "no file, or several files, match a name pattern",
        "Which file is meant must not be guessed: training on the test set would go unnoticed.",
        "--data on a folder with two files *train*.h5",
    ),
    "ND039": (
        "a class has too few samples to split off a validation set",
        "The validation set holds a fraction of each class, and never samples of the test set.",
        "a class with one sample",
    ),
    "ND050": (
        "the folder is not a finished training run",
        "Only a finished run holds selected weights and the samples that it was measured on.",
        "neurodeploy export on a run that was stopped; continue it with train --resume",
    ),
    "ND051": (
        "the run folder exists",
        "A run is never overwritten; continue it with --resume or choose another folder with -o.",
        "training the same recipe and seed twice",
    ),
    "ND052": (
        "the run was begun with another recipe",
        "--resume goes on exactly where a run stopped, which another recipe, seed or data set cannot do.",
        "train --resume with another --set",
    ),
    "ND053": (
        "there is no run to resume",
        "The folder has no recipe.toml.",
        "train RECIPE -o NEW --resume",
    ),
    "ND054": (
        "the training has diverged",
        "The loss is NaN or infinite; what follows would be noise.",
        "a learning rate of 10",
    ),
    "ND055": (
        "a batch has fewer samples than there are processes",
        "Processes share each batch; one without samples would wait for ever.",
        "torchrun --nproc-per-node 8 with a batch size of 4",
    ),
    "ND056": (
        "Norse's LIF has no soft reset",
        "Only LIFBox here subtracts the threshold; LIF follows Norse's own step.",
        "--set network.neuron=lif --set network.reset=soft",
    ),
    "ND060": (
        "a grid cannot be used",
        "--grid takes a key of the recipe, or `variant`, and distinct values.",
        "--grid network.tau.dtau_s",
    ),
    "ND061": (
        "seeds cannot be used",
        "--seeds takes whole numbers and rising ranges, each seed once.",
        "--seeds 9-0",
    ),
    "ND062": (
        "the sweep's folder exists",
        "A sweep is never overwritten; continue it with --resume or choose another folder with -o.",
        "the same sweep twice",
    ),
    "ND063": (
        "a run of the sweep was begun with another recipe",
        "Its numbers would be compared with those of other settings.",
        "sweep --resume after an edit of the recipe",
    ),
    "ND064": (
        "Ray is not installed",
        "It comes with the extra: pip install 'neurodeploy[sweep]'.",
        "sweep --ray local after a plain install",
    ),
    "ND065": (
        "the Ray cluster does not answer",
        "The address is wrong, or no cluster runs there.",
        "sweep --ray ray://nowhere:10001",
    ),
    "ND066": (
        "a run of the sweep failed",
        "The other runs are kept; --resume tries the failed ones again.",
        "a grid with a learning rate at which training diverges",
    ),
    "ND067": (
        "a Ray node does not see the sweep's folder",
        "Runs are written by the nodes, so the folder must be on storage that all of them share.",
        "a cluster of two machines and -o on a local disk",
    ),
}
