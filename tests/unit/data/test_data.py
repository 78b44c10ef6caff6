"""Data sets: files in SHD's format, generated trials, the cache, splits, and what a bad file answers."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.data import download as tonic_sets
from neurodeploy.data import event_cache as cache_module
from neurodeploy.data.event_cache import cached_events
from neurodeploy.data.events import EventSet
from neurodeploy.data.mts_xor import generate
from neurodeploy.data.sample_set import DenseSet
from neurodeploy.data.sets import load_data, samples_of, split
from neurodeploy.data.shd_file import read_events
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError
from neurodeploy.recipe import Augment, Recipe, load_recipe

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "data"
GRID: dict[str, Any] = {"dt_s": 0.01, "channels": 140, "source_channels": 700}
Spikes = list[tuple[float, int]]


def write_shd(path: Path, samples: list[Spikes], classes: list[int], **changes: Any) -> Path:
    """Write a file in SHD's format; ``changes`` replace a data set, or leave it out (None)."""
    text = h5py.vlen_dtype(np.float16)
    number = h5py.vlen_dtype(np.uint16)
    times = [np.array([time for time, _ in sample], dtype=np.float16) for sample in samples]
    units = [np.array([unit for _, unit in sample], dtype=np.uint16) for sample in samples]
    with h5py.File(path, "w") as file:
        for name, parts, kind in (("spikes/times", times, text), ("spikes/units", units, number)):
            if name in changes:
                if changes[name] is not None:
                    file[name] = changes[name]
                continue
            table = file.create_dataset(name, (len(parts),), dtype=kind)
            for index, part in enumerate(parts):
                table[index] = part
        if "labels" not in changes:
            file["labels"] = np.array(classes, dtype=np.uint8)
        elif changes["labels"] is not None:
            file["labels"] = changes["labels"]
        if "keys" in changes:
            file["extra/keys"] = np.array(changes["keys"], dtype="S")
    return path


def random_samples(n: int, rng: np.random.Generator, *, end_s: float = 0.9, size: int = 60) -> list[Spikes]:
    return [
        [
            (float(t), int(u))
            for t, u in zip(rng.uniform(0, end_s, size), rng.integers(0, 700, size), strict=True)
        ]
        for _ in range(n)
    ]


def set_of(path: Path, **changes: Any) -> EventSet:
    events = read_events(path, **GRID)
    settings = {"n_steps": 100, "n_channels": 140, "input_max": 255, **changes}
    return EventSet(events=events, index=np.arange(events.labels.size), **settings)


def the_finding(call: Any, *args: Any, **settings: Any) -> Finding:
    with pytest.raises(NeurodeployError) as caught:
        call(*args, **settings)
    assert caught.value.exit_code == Exit.BAD_INPUT
    (finding,) = caught.value.findings
    return finding


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A training file of 3 classes x 10 and a test file."""
    rng = np.random.default_rng(0)
    data = tmp_path / "data"
    data.mkdir()
    write_shd(data / "a_train.h5", random_samples(30, rng), [index % 3 for index in range(30)])
    write_shd(data / "a_test.h5", random_samples(4, rng), [0, 1, 2, 0])
    return data


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    path = tmp_path / "small.toml"
    path.write_text('name = "small"\n[data]\nkind = "events"\ninput = "count"\n')
    return load_recipe(path)


def test_a_spike_falls_into_the_floor_of_its_time_and_unit(tmp_path: Path) -> None:
    # 0.25 is exact in float16: it is the first instant of step 25; 699 is in the last of 140 channels.
    spikes = [(0.0, 0), (0.0098, 4), (0.0098, 5), (0.25, 699), (0.2498, 699)]
    dense = set_of(write_shd(tmp_path / "x.h5", [spikes], [3])).batch(np.array([0]))
    assert dense.shape == (100, 1, 140) and dense.dtype == np.uint8
    found = {(int(t), int(c)): int(dense[t, 0, c]) for t, c in np.argwhere(dense[:, 0])}
    assert found == {(0, 0): 2, (0, 1): 1, (25, 139): 1, (24, 139): 1}


def test_dense_batches_equal_a_plain_histogram(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    samples = [*random_samples(5, rng, size=4000), [], *random_samples(2, rng, end_s=1.4)]
    path = write_shd(tmp_path / "x.h5", samples, [0, 1, 2, 0, 1, 2, 0, 1])
    order = np.array([7, 5, 0, 0, 3])
    expected = np.zeros((100, 5, 140), dtype=int)
    for slot, index in enumerate(order):
        for time, unit in samples[index]:
            step = int(np.float64(np.float16(time)) / 0.01)
            if step < 100:
                expected[step, slot, unit // 5] += 1
    np.testing.assert_array_equal(set_of(path).batch(order), expected)
    np.testing.assert_array_equal(set_of(path, input_max=1).batch(order), expected > 0)
    np.testing.assert_array_equal(set_of(path, input_max=2).batch(order), np.minimum(expected, 2))
    assert expected.max() > 2


def test_chunks_do_not_change_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    path = write_shd(tmp_path / "x.h5", [*random_samples(6, rng), []], [0, 1, 2, 3, 4, 5, 6])
    whole = read_events(path, **GRID)
    monkeypatch.setattr("neurodeploy.data.shd_file.CHUNK", 2)
    parts = read_events(path, **GRID)
    for name in ("indptr", "step", "channel", "count", "labels"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
    assert whole.consistent(140) and whole.n_classes == 7


def test_a_time_far_beyond_the_grid_is_cut_and_counted(tmp_path: Path) -> None:
    times = h5py.vlen_dtype(np.float64)
    path = write_shd(tmp_path / "x.h5", [[(0.1, 1)], [(0.1, 1)]], [0, 1])
    with h5py.File(path, "a") as file:
        del file["spikes/times"], file["spikes/units"]
        table = file.create_dataset("spikes/times", (2,), dtype=times)
        table[0], table[1] = np.array([0.5, 1e300, 0.9999]), np.array([1.0])
        units = file.create_dataset("spikes/units", (2,), dtype=h5py.vlen_dtype(np.int64))
        units[0], units[1] = np.array([3, 3, 3]), np.array([3])
    items = set_of(path)
    assert items.batch(np.array([0, 1])).sum() == 2
    assert items.cut() == (2, 0.5)
    assert items.take(np.array([0])).cut() == (1, pytest.approx(1 / 3))


@pytest.mark.parametrize(("unit", "code"), [(699, None), (700, "ND033")])
def test_units_are_checked_on_both_sides_of_the_limit(tmp_path: Path, unit: int, code: str | None) -> None:
    path = write_shd(tmp_path / "x.h5", [[(0.1, 0)], [(0.1, 5), (0.2, unit)]], [0, 1])
    if code is None:
        read_events(path, **GRID)
        return
    finding = the_finding(read_events, path, **GRID)
    assert finding.code == code
    assert finding.where == f"{path}: sample 1, first of 1"
    assert (finding.found, finding.limit) == ("unit 700", "0..699 (data.source_channels)")
    read_events(path, dt_s=0.01, channels=140, source_channels=1400)


@pytest.mark.parametrize("time", [-0.001, np.nan, np.inf])
def test_a_time_that_is_negative_or_not_finite_is_a_finding(tmp_path: Path, time: float) -> None:
    path = write_shd(tmp_path / "x.h5", [[(0.1, 0), (time, 1)]], [0])
    finding = the_finding(read_events, path, **GRID)
    assert finding.code == "ND034" and finding.where.endswith("sample 0, first of 1")


@pytest.mark.parametrize(
    ("changes", "code", "found"),
    [
        ({"labels": None}, "ND031", "labels is missing"),
        ({"spikes/times": None}, "ND031", "spikes/times is missing"),
        ({"spikes/units": np.zeros((2, 3))}, "ND031", "spikes/units has type float64"),
        ({"spikes/times": None, "spikes/units": None}, "ND031", "spikes/times is missing"),
        ({"labels": np.array([0.0, 1.0])}, "ND031", "labels has type float64"),
        ({"labels": np.array([0, 1, 1])}, "ND032", "labels: 3"),
        ({"labels": np.array([0, -1])}, "ND035", "-1"),
    ],
)
def test_a_file_of_another_layout_is_a_finding(
    tmp_path: Path, changes: dict[str, Any], code: str, found: str
) -> None:
    path = write_shd(tmp_path / "x.h5", [[(0.1, 0)], [(0.1, 5)]], [0, 1], **changes)
    finding = the_finding(read_events, path, **GRID)
    assert finding.code == code and found in finding.found


def test_spikes_that_is_no_group_and_an_empty_file_are_findings(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["spikes"] = np.zeros(3)
        file["labels"] = np.zeros(3, dtype=int)
    assert the_finding(read_events, tmp_path / "x.h5", **GRID).code == "ND031"
    assert the_finding(read_events, write_shd(tmp_path / "y.h5", [], []), **GRID).code == "ND032"


def test_a_sample_with_more_times_than_units_is_a_finding(tmp_path: Path) -> None:
    path = write_shd(tmp_path / "x.h5", [[(0.1, 0)], [(0.1, 5), (0.2, 6)]], [0, 1])
    with h5py.File(path, "a") as file:
        file["spikes/units"][1] = np.array([5], dtype=np.uint16)
    finding = the_finding(read_events, path, **GRID)
    assert finding.code == "ND032" and finding.found == "2 times, 1 units"


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_a_finding_and_nothing_is_cached(
    folder: Path, recipe: Recipe, own_cache: Path, kept: float
) -> None:
    path = folder / "a_train.h5"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    finding = the_finding(load_data, recipe, folder)
    assert finding.code == "ND030" and finding.where == str(path)
    assert not list(own_cache.rglob("*.npz"))


def test_the_second_reading_comes_from_the_cache_and_is_the_same(
    folder: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a_train.h5"
    first = cached_events(path, **GRID)
    assert len(list(own_cache.rglob("*.npz"))) == 1

    def never(*args: Any, **settings: Any) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(cache_module, "read_events", never)
        second = cached_events(path, **GRID)
        with pytest.raises(AssertionError, match="read again"):
            cached_events(path, **{**GRID, "channels": 70})
    for name in ("indptr", "step", "channel", "count", "labels", "n_classes"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert np.asarray(getattr(first, name)).dtype == np.asarray(getattr(second, name)).dtype
    assert isinstance(second.n_classes, int)


def test_the_cache_follows_the_content_of_a_file_not_its_name(folder: Path) -> None:
    path = folder / "a_train.h5"
    before = cached_events(path, **GRID)
    write_shd(path, [[(0.1, 0)]], [5])
    after = cached_events(path, **GRID)
    assert before.labels.size == 30 and after.labels.tolist() == [5]


@pytest.mark.parametrize(
    "damage", ["cut", "other arrays", "inconsistent", "labels", "n_classes", "channel", "kind", "empty"]
)
def test_a_damaged_cache_file_is_made_again(folder: Path, own_cache: Path, damage: str) -> None:
    path = folder / "a_train.h5"
    first = cached_events(path, **GRID)
    (file,) = own_cache.rglob("*.npz")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    elif damage == "other arrays":
        np.savez(file, x=np.zeros(3))
    else:
        arrays = dict(np.load(file))
        changed = {
            "inconsistent": {"step": arrays["step"][:-1]},
            "labels": {"labels": arrays["labels"] - 1},
            "n_classes": {"n_classes": np.array([10**9])},
            "channel": {"channel": arrays["channel"] + np.uint16(140)},
            "kind": {"labels": arrays["labels"].astype(float)},
            "empty": {name: arrays[name][:0] for name in arrays},
        }
        np.savez(file, **{**arrays, **changed[damage]})
    again = cached_events(path, **GRID)
    for name in ("step", "channel", "labels", "n_classes"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_a_cache_that_cannot_be_written_is_no_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "file"))
    assert cached_events(folder / "a_train.h5", **GRID).labels.size == 30


def test_without_a_validation_file_a_share_of_each_class_is_split_off(folder: Path, recipe: Recipe) -> None:
    sets = load_data(recipe, folder)
    assert (len(sets.train), len(sets.validation), len(sets.test), sets.n_classes) == (27, 3, 4, 3)
    assert sorted(sets.validation.labels.tolist()) == [0, 1, 2]
    assert isinstance(sets.train, EventSet) and isinstance(sets.validation, EventSet)
    assert not set(sets.train.index) & set(sets.validation.index)
    assert sets.notes == ("validation: 3 of 30 training samples, split off by seed 0",)


def test_the_split_follows_the_seed_and_nothing_else(folder: Path, recipe: Recipe) -> None:
    def held(seed: int) -> list[int]:
        items = set_of(folder / "a_train.h5")
        return split(items, 0.3, seed, where="x")[1].index.tolist()

    assert held(1) == held(1)
    assert held(1) != held(2)
    assert len(held(1)) == 9


def test_a_class_of_one_sample_cannot_be_split(tmp_path: Path) -> None:
    items = set_of(write_shd(tmp_path / "x.h5", [[(0.1, 0)]] * 3, [0, 0, 1]))
    assert the_finding(split, items, 0.1, 0, where="x").code == "ND039"


def test_a_validation_file_is_used_where_there_is_one(folder: Path, recipe: Recipe) -> None:
    write_shd(folder / "a_valid.h5", random_samples(2, np.random.default_rng(5)), [2, 1], keys=[b"x"] * 12)
    sets = load_data(recipe, folder)
    assert (len(sets.train), sets.validation.labels.tolist(), sets.n_classes) == (30, [2, 1], 12)
    assert sets.notes == ()


def test_long_samples_are_noted(folder: Path, recipe: Recipe) -> None:
    write_shd(folder / "a_test.h5", [[(0.1, 0), (1.2, 0)], [(0.1, 0), (0.2, 0)]], [0, 1])
    notes = load_data(recipe, folder).notes
    assert notes[0] == "test: 1 of 2 samples last longer than 100 steps; 25 % of the spikes cut"


def test_missing_folders_and_files_are_findings(folder: Path, recipe: Recipe, tmp_path: Path) -> None:
    assert the_finding(load_data, recipe).code == "ND037"
    assert the_finding(load_data, recipe, tmp_path / "nowhere").code == "ND001"
    assert the_finding(load_data, recipe, folder / "a_train.h5").code == "ND001"
    write_shd(folder / "b_train.h5", [[(0.1, 0)]], [0])
    several = the_finding(load_data, recipe, folder)
    assert (several.code, several.found) == ("ND038", "a_train.h5, b_train.h5")
    assert several.help == "Name it with --set data.train_files=FILE.h5."
    (folder / "a_train.h5").unlink()
    (folder / "a_test.h5").unlink()
    assert the_finding(load_data, recipe, folder).found == "no file"


@pytest.mark.parametrize("pattern", ["**x.h5", ".", "..", "**", "[", "*"])
def test_any_pattern_finds_one_file_or_is_a_finding(folder: Path, recipe: Recipe, pattern: str) -> None:
    changed = recipe.model_copy(
        update={"data": recipe.data.model_copy(update={"train_files": pattern, "kind": "events"})}
    )
    assert the_finding(load_data, changed, folder).code == "ND038"


def test_samples_for_export_are_sample_first_and_not_augmented(folder: Path, recipe: Recipe) -> None:
    sets = load_data(recipe, folder)
    samples = samples_of(sets.test, 3)
    assert samples.spikes.shape == (3, 100, 140) and samples.spikes.dtype == np.uint8
    np.testing.assert_array_equal(samples.spikes.transpose(1, 0, 2), sets.test.batch(np.arange(3)))
    assert samples.labels is not None and samples.labels.tolist() == [0, 1, 2] and samples.mask is None
    assert len(samples_of(sets.test)) == 4 == len(samples_of(sets.test, 99))


def test_offline_shd_is_a_finding_that_says_where_to_put_the_files(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(*args: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(tonic_sets, "_download", offline)
    finding = the_finding(load_data, load_recipe("shd-delays"))
    assert finding.code == "ND036" and "no route to host" in finding.found
    assert "shd_train.h5 and shd_test.h5" in finding.help and "--data" in finding.help
    assert finding.where == str(own_cache / "datasets" / "SHD" / "shd_train.h5")
    assert the_finding(load_data, load_recipe("ssc-delays"), tmp_path).help.startswith("Put ssc_train.h5")


@pytest.mark.parametrize("place", [".", "SHD"])
def test_shd_files_put_by_hand_are_found_and_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    rng = np.random.default_rng(3)
    (tmp_path / "SHD").mkdir()
    write_shd(tmp_path / place / "shd_train.h5", random_samples(40, rng), [index % 20 for index in range(40)])
    write_shd(tmp_path / place / "shd_test.h5", random_samples(2, rng), [0, 19])
    monkeypatch.setattr(tonic_sets, "_download", lambda *args: pytest.fail("downloaded"))
    sets = load_data(load_recipe("shd-delays"), tmp_path)
    assert (sets.n_classes, len(sets.train), len(sets.validation), len(sets.test)) == (20, 20, 20, 2)


def test_tonic_itself_is_asked_for_the_split_and_stdout_stays_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def stand_in(name: str) -> Any:
        def make(**settings: Any) -> None:
            print("Downloading")
            asked.append((name, settings))
            write_shd(
                Path(settings["save_to"]) / name / f"{name.lower()}_{settings.get('split', 'train')}.h5",
                [],
                [],
            )

        return make

    module = ModuleType("tonic.datasets")
    module.SHD, module.SSC = stand_in("SHD"), stand_in("SSC")  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "tonic", ModuleType("tonic"))
    monkeypatch.setitem(__import__("sys").modules, "tonic.datasets", module)
    (tmp_path / "SSC").mkdir()
    assert tonic_sets.data_files("ssc", tmp_path)["valid"] == tmp_path / "SSC" / "ssc_valid.h5"
    assert [settings["split"] for _, settings in asked] == ["train", "valid", "test"]
    captured = capsys.readouterr()
    assert captured.out == "" and "Downloading" in captured.err


def test_trials_have_the_levels_rates_and_targets_of_the_paper() -> None:
    trials = generate(4000, 100, np.random.default_rng(0))
    assert trials.spikes.shape == (4000, 100, 40) and trials.labels.shape == (4000, 100)
    assert set(np.unique(trials.spikes)) == {0, 1}
    cue = trials.spikes[:, :10, :20].mean(axis=(1, 2)) > 0.4
    levels = np.stack(
        [trials.spikes[:, 10 + 15 * b + 5 : 25 + 15 * b, 20:].mean(axis=(1, 2)) > 0.4 for b in range(6)],
        axis=1,
    )
    np.testing.assert_array_equal(trials.labels[:, :10], 0)
    for block in range(6):
        part = trials.labels[:, 10 + 15 * block : 25 + 15 * block]
        np.testing.assert_array_equal(part, np.repeat((cue ^ levels[:, block])[:, None], 15, axis=1))
    # Independent fair levels: four standard errors of 4000 draws are 0.032.
    assert abs(cue.mean() - 0.5) < 0.032 and np.all(np.abs(levels.mean(axis=0) - 0.5) < 0.032)
    high, low = 1 - 0.4 * 0.99, 1 - 0.8 * 0.99  # signal or noise
    assert trials.spikes[cue, :10, :20].mean() == pytest.approx(high, abs=0.005)
    assert trials.spikes[~cue, :10, :20].mean() == pytest.approx(low, abs=0.005)
    silent = [step for step in range(10, 100) if (step - 10) % 15 < 5]
    assert trials.spikes[:, silent, 20:].mean() == pytest.approx(0.01, abs=0.001)
    assert trials.spikes[:, 10:, :20].mean() == pytest.approx(0.01, abs=0.001)
    assert trials.spikes[:, :10, 20:].mean() == pytest.approx(0.01, abs=0.001)


def test_the_mask_holds_the_signal_steps() -> None:
    trials = generate(3, 100, np.random.default_rng(0))
    expected = [step > 10 and (step - 10) % 15 >= 5 for step in range(100)]
    np.testing.assert_array_equal(trials.mask, np.array([expected] * 3))
    assert sum(expected) == 60


def test_each_set_of_trials_has_its_own_stream_and_follows_the_seed() -> None:
    small = ["data.train_trials=8", "data.validation_trials=8", "data.test_trials=8"]
    sets = load_data(load_recipe("mts-xor", small), seed=3)
    again = load_data(load_recipe("mts-xor", [*small, "data.train_trials=5"]), seed=3)
    other = load_data(load_recipe("mts-xor", small), seed=4)
    assert isinstance(sets.train, DenseSet) and isinstance(sets.validation, DenseSet)
    assert (
        isinstance(sets.test, DenseSet)
        and isinstance(again.test, DenseSet)
        and isinstance(other.test, DenseSet)
    )
    assert not np.array_equal(sets.train.spikes, sets.validation.spikes)
    assert not np.array_equal(sets.validation.spikes, sets.test.spikes)
    np.testing.assert_array_equal(sets.test.spikes, again.test.spikes)
    assert not np.array_equal(sets.test.spikes, other.test.spikes)
    assert sets.n_classes == 2 and sets.train.input_max == 1


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    small = ["data.train_trials=8", "data.validation_trials=8", "data.test_trials=8"]
    assert the_finding(load_data, load_recipe("mts-xor", small), tmp_path).code == "ND096"


def test_trials_come_as_batches_and_samples() -> None:
    trials = generate(5, 25, np.random.default_rng(0))
    batch = trials.batch(np.array([4, 1]))
    assert batch.shape == (25, 2, 40)
    np.testing.assert_array_equal(batch[:, 0], trials.spikes[4])
    samples = samples_of(trials, 2)
    assert len(samples) == 2 and samples.mask is not None and samples.labels is not None
    np.testing.assert_array_equal(samples.labels, trials.labels[:2])


@pytest.mark.slow
def test_the_shared_spoken_digits_load() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/data: not on this machine")
    recipe = load_recipe("spoken-digits", ["data.train_files=fsdd_tiny.h5"])
    sets = load_data(recipe, SHARED)
    assert (len(sets.train), len(sets.validation), len(sets.test), sets.n_classes) == (50, 200, 340, 10)
    # README of the files: 4375 spikes a sample on average; nothing is lost before counts are cut.
    tiny = read_events(SHARED / "fsdd_tiny.h5", **GRID)
    assert tiny.count.sum() / 50 == pytest.approx(4375, abs=0.5)
    batch = sets.train.batch(np.arange(50), Augment(time_shift_steps=3), np.random.default_rng(0))
    assert batch.shape == (100, 50, 140) and batch.max() <= recipe.data.max_count
