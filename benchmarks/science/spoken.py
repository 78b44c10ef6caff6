"""What the questions on spoken digits share: a smaller network than the shipped recipe, to fit the budget."""

from __future__ import annotations

from pathlib import Path

RECIPE = str(Path(__file__).with_name("spoken-digits-small.toml"))
"""Every setting is pinned there, so that a better shipped recipe does not change the pages."""

RECIPE_TEXT = "`benchmarks/science/spoken-digits-small.toml` (the shipped `spoken-digits`, smaller)"

SMALL_TEXT = (
    "70 channels (700 summed by 10, counts up to 15), 80 steps of 10 ms, two hidden layers, BatchNorm, "
    "dropout 0.2, batch 64, Adam 0.005 one-cycle, delays Adam 0.1 cosine. Augmentation of the training set: "
    "time shift up to 4 steps, channel shift up to 2 of the 70 channels. Data: FSDD-spikes, 1,160 training "
    "utterances of four voices; *known voices* is the validation set (200 other takes of the same four "
    "voices, on which the epoch is chosen, so its figure is a little optimistic); *unheard voice* is the "
    "test set (340 utterances of a fifth voice, sampling error about 2.7 points). One unheard voice only: "
    "the spread between voices is not in these figures."
)
