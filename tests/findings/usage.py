"""Triggers of ND001 to ND029, ND040 to ND049 and ND080 to ND099: usage, files, recipes and targets."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

import h5py
import numpy as np
from triggers import Place, triggers

from neurodeploy.findings.finding import Finding
from neurodeploy.shipped import path_of


def run_with(place: Place, **arrays: np.ndarray) -> str:
    """Run the bundle on an input file."""
    np.savez("in.npz", **arrays)
    return place.command("run", place.bundle(), "--backend", "fixed", "--input", "in.npz", "-o", "out.npz")


def with_golden(place: Place, **changed: np.ndarray) -> Path:
    """Change arrays of a bundle's golden file."""

    def change(bundle: Path) -> None:
        with np.load(bundle / "golden.npz") as file:
            arrays = {name: file[name] for name in file.files}
        np.savez(bundle / "golden.npz", **arrays | changed)

    return place.bundle(rehash=change)


@triggers("ND001")
def no_such_path(place: Place) -> str:
    return place.command("verify", "runs/x-bundel")


@triggers("ND002")
def unreadable_file(place: Place) -> str:
    Path("notes.txt").write_text("not an array")
    return place.command("run", place.bundle(), "--backend", "fixed", "--input", "notes.txt", "-o", "out.npz")


@triggers("ND003")
def array_missing(place: Place) -> str:
    return run_with(place, x=np.zeros((1, 2, 12), np.uint8))


@triggers("ND005")
def output_exists(place: Place) -> str:
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("years of work")
    return place.command("export", place.nir(), "-o", "precious")


@triggers("ND006")
def not_a_bundle(place: Place) -> str:
    Path("RUN").mkdir()
    return place.command("verify", "RUN")


@triggers("ND007")
def other_schema(place: Place) -> str:
    return place.command("verify", place.with_manifest(lambda content: content.update(schema=99)))


@triggers("ND008")
def bundle_changed(place: Place) -> str:
    with (place.bundle() / "program.h5").open("ab") as file:
        file.write(b"x")
    return place.command("verify", "BUNDLE")


@triggers("ND009")
def bad_manifest(place: Place) -> str:
    return place.command("verify", place.with_manifest(lambda content: content.pop("input")))


@triggers("ND010")
def spikes_shape(place: Place) -> str:
    return run_with(place, spikes=np.zeros((4, 12), np.uint8))


@triggers("ND011")
def spikes_value(place: Place) -> str:
    return run_with(place, spikes=np.full((1, 4, 12), 2, np.uint8))


@triggers("ND043")
def bad_golden(place: Place) -> str:
    return place.command("verify", with_golden(place, **{"fixed/hidden1/v": np.zeros((8, 0, 16), np.int32)}))


@triggers("ND044")
def unlisted_file(place: Place) -> str:
    (place.bundle() / ".DS_Store").write_text("")
    return place.command("verify", "BUNDLE", "--samples", "1")


@triggers("ND045")
def no_own_checksum(place: Place) -> str:
    bundle = place.with_manifest(lambda content: content.update(schema=1), checked=False)
    return place.command("verify", bundle, "--samples", "1")


def measured_on(place: Place, **changed: np.ndarray) -> str:
    """Verify the bundle on samples with other labels."""
    with np.load(place.given()) as file:
        np.savez("other.npz", **{"spikes": file["spikes"], "labels": file["labels"], **changed})
    return place.command("verify", place.bundle(), "--input", "other.npz")


@triggers("ND012")
def labels_shape(place: Place) -> str:
    return measured_on(place, labels=np.eye(3, dtype=np.int64)[np.arange(24) % 3])


@triggers("ND013")
def labels_value(place: Place) -> str:
    return measured_on(place, labels=np.full(24, 99))


@triggers("ND014")
def mask(place: Place) -> str:
    return measured_on(place, mask=np.zeros((24, 40), bool))


@triggers("ND015")
def nothing_in_them(place: Place) -> str:
    return run_with(place, spikes=np.zeros((4, 0, 12), np.uint8))


@triggers("ND020")
def unknown_recipe(place: Place) -> str:
    return place.command("train", "mts-xr")


@triggers("ND021")
def bad_override(place: Place) -> str:
    return place.command("inspect", "mts-xor", "--set", "train.epochs:10") + train("train.epochs:10", place)


def train(setting: str, place: Place) -> str:
    return place.command("train", "mts-xor", "--set", setting, "-o", "run")


@triggers("ND022")
def unknown_key(place: Place) -> str:
    return train("train.epoch=10", place)


@triggers("ND023")
def bad_value(place: Place) -> str:
    return train("train.epochs=-1", place)


@triggers("ND024")
def tau_below_step(place: Place) -> str:
    return train("network.tau.tau_s=0.001", place)


@triggers("ND025")
def keys_disagree(place: Place) -> str:
    return place.command(
        "train", "mts-xor-delays", "--set", "network.projection.max_delay_steps=100", "-o", "run"
    )


@triggers("ND026")
def key_without_effect(place: Place) -> str:
    words = ("--set", "network.tau.mode=fixed", "--set", "network.tau.dtau_s=0.1")
    return place.command("train", "mts-xor", *words, "-o", "run")


@triggers("ND027")
def unknown_target(place: Place) -> str:
    return place.command("check", place.nir(), "--target", "loihl")


@triggers("ND028")
def bad_target_file(place: Place) -> str:
    Path("chip.toml").write_text(path_of("targets", "loihi2").read_text().replace("name = ", "nam = ", 1))
    return place.command("check", place.nir(), "--target", "chip.toml")


@triggers("ND029")
def bad_limit(place: Place) -> str:
    text = path_of("targets", "loihi2").read_text()
    Path("chip.toml").write_text(text.replace("limits.max_delay_steps", "limits.max_delay"))
    return place.command("check", place.nir(), "--target", "chip.toml")


@triggers("ND040")
def program_unreadable(place: Place) -> str:
    def cut(bundle: Path) -> None:
        (bundle / "program.h5").write_bytes((bundle / "program.h5").read_bytes()[:100])

    return place.command("verify", place.bundle(rehash=cut))


@triggers("ND041")
def bad_program(place: Place) -> str:
    def other(bundle: Path) -> None:
        with h5py.File(bundle / "program.h5", "w") as file:
            file["x"] = [1, 2, 3]

    return place.command("verify", place.bundle(rehash=other))


@triggers("ND080")
def wrong_usage(place: Place) -> str:
    return place.command("verify", "BUNDLE", "--samples", "0")


@triggers("ND081")
def unknown_command(place: Place) -> str:
    return place.command("exprot", "RUN")


@triggers("ND082")
def package_missing(place: Place) -> str:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "norse")]:
        place.patch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith(("neurodeploy.training", "neurodeploy.nn"))]:
        place.patch.delitem(sys.modules, name)
    place.patch.setitem(sys.modules, "torch", None)
    return place.command("train", "mts-xor", "-o", "run")


@triggers("ND083")
def interrupted(place: Place) -> str:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    place.patch.setattr("neurodeploy.shipped.names", press)
    return place.command("models")


@triggers("ND084")
def system_refuses(place: Place) -> str:
    Path("file").write_text("")
    out = os.path.join("file", "out.npz")  # noqa: PTH118 (a path below a file)
    return place.command("run", place.bundle(), "--backend", "fixed", "--input", place.given(), "-o", out)


@triggers("ND085")
def in_use(place: Place) -> str:
    from training import train

    from neurodeploy.runs.folder import locked_run

    with locked_run(Path("run")):  # as another `neurodeploy train` does
        return train(place)


@triggers("ND096")
def without_effect(place: Place) -> str:
    return place.command("export", place.trained("plain"), "--dt", "0.001", "-o", "bundle")


@triggers("ND097")
def nested_too_deeply(place: Place) -> str:
    def nest(*_: object) -> None:
        nest()

    place.patch.setattr("neurodeploy.shipped.names", nest)
    return place.command("models")


@triggers("ND098")
def out_of_memory(place: Place) -> str:
    def fill(*_: object) -> None:
        raise MemoryError("Unable to allocate 8.0 TiB for an array")

    place.patch.setattr("neurodeploy.shipped.names", fill)
    return place.command("models")


@triggers("ND099")
def internal_error(place: Place) -> str:
    def slip(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    place.patch.setattr("neurodeploy.shipped.names", slip)
    return place.command("models")


@triggers("ND086")
def neither_run_nor_bundle(place: Place) -> str:
    return place.command("inspect", ".")


@triggers("ND087")
def unknown_code(place: Place) -> str:
    return place.command("explain", "ND999")


@triggers("ND088")
def bad_pass(_: Place) -> Iterable[Finding]:
    from neurodeploy.passes.by_name import load_pass

    load_pass("clamp_delays:max_stepz=62")
    return ()


@triggers("ND424")
def plugin_broken(place: Place) -> str:
    from neurodeploy.targets import registry

    entry = EntryPoint("broken", "no_such_module_anywhere:X", registry.GROUP)
    known = registry.entry_points(group=registry.GROUP)
    place.patch.setattr(registry, "entry_points", lambda group: [*known, entry])
    return place.command("check", place.nir(), "--target", "broken")
