"""Cases of kind `recipe`: a mutated recipe, in its file or by --set, through inspect and train."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from benchmarks.fuzz import odd, raw
from benchmarks.fuzz.case import Case, Command, encoding_of, json_or_text, usual

FILE = "tiny.toml"
DATA = "data"
WORDS = (
    "soft", "hard", "lif", "lif_box", "delays", "dense", "convolution", "learned", "fixed", "none",
    "linear", "tanh",
    "gauss", "triangle", "adaptive", "constant", "step", "cosine", "one_cycle", "last", "max", "per_step",
    "layer",
    "neuron", "count", "binary", "shd", "ssc", "zero", "middle", "super", "heavi_erfc", "circ", "box", "atan",
)  # fmt: skip
KEYS = (
    "data.dt_s", "data.steps", "data.channels", "data.max_count", "data.validation_fraction",
    "data.augment.drop",
    "data.augment.time_stretch", "data.augment.blend", "network.hidden", "network.v_threshold",
    "network.reset",
    "network.surrogate_alpha", "network.init_gain", "network.dropout", "network.tau.tau_s",
    "network.tau.steepness",
    "network.tau.learn", "network.projection.max_delay_steps", "network.projection.density",
    "network.projection.sigma_end", "network.projection.kernel_size", "network.readout.score", "train.lr",
    "train.lr_delay", "train.weight_decay", "train.batch_size", "train.seed", "train.keep",
    "train.lr_schedule",
    "name", "data.train_files", "data.train_trials", "x.y.z", "network", "",
)  # fmt: skip


def build(rng: random.Random, folder: Path, seeds: Path) -> Case:
    """Mutate the text of one of the seed recipes, or keys of it on the command line."""
    source = rng.choice([seeds / f"{name}.toml" for name in ("convolution", "delays", "dense", "events")])
    shutil.copyfile(source, folder / FILE)
    prepare(folder, seeds)
    done, settings = [], []
    for _ in range(rng.choice((1, 1, 2))):
        if rng.random() < 0.3:
            settings += ["--set", f"{rng.choice(KEYS)}={literal(rng)[:20_000]}"]
            done.append(settings[-1][:60])
        else:
            done.append(_mutate(folder / FILE, rng))
    return Case(f"{source.stem}: {'; '.join(done)}", commands(rng, settings=tuple(settings)))


def prepare(folder: Path, seeds: Path) -> None:
    """Put sound data files beside the recipe."""
    shutil.copytree(seeds / "data", folder / DATA)


def commands(rng: random.Random, name: str = FILE, *, settings: tuple[str, ...] = ()) -> tuple[Command, ...]:
    """Give the commands that a recipe goes through; a legal training may take long."""
    encoding = encoding_of(rng)
    shown = ("inspect", name) if not settings else ()
    train = usual(
        "train", name, "--data", DATA, "-o", "trained", "--threads", "1", *settings, *json_or_text(rng),
        output="trained", encoding=encoding, limit_s=15.0, may_be_long=True,
    )  # fmt: skip
    return (*((usual(*shown, *json_or_text(rng), encoding=encoding),) if shown else ()), train)


def literal(rng: random.Random) -> str:
    """Draw a value as TOML writes it, or almost."""
    kind = rng.randrange(10)
    if kind == 0:
        return rng.choice(
            ("nan", "inf", "-inf", "+nan", "5e-324", "1e308", "1e400", "1e-400", "-0.0", "1e30", "0.1")
        )
    if kind == 1:
        return str(rng.choice((*odd.INTEGERS, 2**63, 10**30)))
    if kind == 2:
        return "0x" + "f" * rng.choice((8, 17, 400))
    if kind == 3:
        return f'"{rng.choice(WORDS)}"'
    if kind == 4:
        text = rng.choice(odd.TEXTS).replace("\\", "").replace('"', "")
        return f'"{text}"'
    if kind == 5:
        return rng.choice(
            (
                "true",
                "false",
                "[]",
                "{}",
                "[[]]",
                "[1, 2, 3]",
                "[5, 'a']",
                "{a = 1}",
                "1979-05-27",
                "07:32:00",
            )
        )
    if kind == 6:
        depth = rng.choice((3, 200, 5000))
        return "[" * depth + "]" * depth
    if kind == 7:
        return str([rng.choice((1, 2, 65536, -1, 0))] * rng.choice((1, 2, 64, 65)))
    if kind == 8:
        return rng.choice(("", "=", '"""', "'''x", "\\u0000", '"\\uD800"', "1_000", "0o7", "0b1", "a.b", "#"))
    return str(rng.choice((0, 1, 2, 5, 0.5, 0.01, 0.1, 1.0, 3)))


def _mutate(path: Path, rng: random.Random) -> str:
    """Change one place of a recipe's text."""
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    keys = [i for i, line in enumerate(lines) if "=" in line]
    if not keys:
        return "no key left to change"
    at = rng.choice(keys)
    key = lines[at].partition("=")[0].strip()
    kind = rng.choice(
        ("value",) * 8 + ("drop", "twice", "unknown", "dotted", "table", "table twice", "table gone",
         "nested table", "bytes",
                          "unicode key", "bom", "variants", "section as value")
    )  # fmt: skip
    if kind == "bytes":
        return raw.damage(path, rng)
    if kind == "value":
        lines[at] = f"{key} = {literal(rng)}"
    elif kind == "drop":
        del lines[at]
    elif kind == "twice":
        lines.insert(at, lines[at])
    elif kind == "unknown":
        lines.insert(at, f"{key}x = 1")
    elif kind == "dotted":
        lines.insert(at, ".".join([key] * rng.choice((2, 50, 2000))) + " = 1")
    elif kind == "table":
        lines.insert(at, f"[{rng.choice(odd.TEXTS[:9])}]")
    elif kind == "table twice":
        lines.append(rng.choice([line for line in lines if line.startswith("[")]))
    elif kind == "table gone":
        tables = [i for i, line in enumerate(lines) if line.startswith("[")]
        del lines[rng.choice(tables)]
    elif kind == "nested table":
        lines.append("[" + ".".join(["x"] * rng.choice((3, 300, 3000))) + "]")
    elif kind == "unicode key":
        lines[at] = f'"{key}\\u00e9" = 1'
    elif kind == "bom":
        lines[0] = "\ufeff" + lines[0]
    elif kind == "variants":
        lines.append(f"[variants]\na = [{literal(rng)[:3000]}]")
    else:
        lines.append(f"[{key}]\nx = 1")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
    return f"{kind} {key}: {lines[at][:50] if at < len(lines) else ''}"
