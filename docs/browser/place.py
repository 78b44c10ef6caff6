"""Put what the page needs into one folder: onnxruntime-web, a bundle's network and one of its samples.

python docs/browser/place.py BUNDLE [--set NAME] [--sample N] --web node_modules/onnxruntime-web -o FOLDER
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

import neurodeploy as nd

HERE = Path(__file__).parent
WEB = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def place(bundle: Path, web: Path, folder: Path, *, chosen: str | None = None, sample: int = 0) -> None:
    """Copy the page's files and write the input."""
    sets = nd.open_bundle(bundle).samples
    spikes = sets[chosen or next(iter(sets))].spikes[sample]
    folder.mkdir(parents=True, exist_ok=True)
    for name in WEB:
        shutil.copy(web / "dist" / name, folder)
    shutil.copy(HERE / "raster.html", folder)
    shutil.copy(bundle / "sequence.onnx", folder)
    steps, sources = np.nonzero(spikes)
    events = [[int(t), int(i), int(spikes[t, i])] for t, i in zip(steps, sources, strict=True)]
    given = {"steps": spikes.shape[0], "sources": spikes.shape[1], "events": events}
    (folder / "input.json").write_text(json.dumps(given), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--set", dest="chosen")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--web", type=Path, required=True, help="the package onnxruntime-web, unpacked")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    place(options.bundle, options.web, options.output, chosen=options.chosen, sample=options.sample)
