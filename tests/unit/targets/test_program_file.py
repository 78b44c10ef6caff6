"""program.h5: what is written is read, the same program gives the same bytes, damage is a finding."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import Readout
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.program_file import misfits, read_program, write_program

sys.path.insert(0, str(Path(__file__).parents[2] / "parity"))
packing = importlib.import_module("lava_packing")


@pytest.fixture
def program() -> FixedGraph:
    whole = packing.random_pack(7, families=2, members=2, n_steps=3, graded=True, with_corners=False).program
    return replace(whole, readout=Readout(population=whole.populations[-1].name, score="last"))


def assert_same(a: object, b: object) -> None:
    assert type(a) is type(b)
    for field in fields(a):  # type: ignore[arg-type]
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, tuple):
            assert len(x) == len(y)
            for left, right in zip(x, y, strict=True):
                assert_same(left, right)
        elif isinstance(x, np.ndarray):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
        else:
            assert x == y, field.name


def test_what_is_written_is_read(program: FixedGraph, tmp_path: Path) -> None:
    write_program(program, tmp_path / "program.h5")
    assert_same(read_program(tmp_path / "program.h5"), program)


def test_a_program_without_readout_stays_without(program: FixedGraph, tmp_path: Path) -> None:
    write_program(replace(program, readout=None), tmp_path / "program.h5")
    assert read_program(tmp_path / "program.h5").readout is None


def test_the_same_program_gives_the_same_bytes(program: FixedGraph, tmp_path: Path) -> None:
    write_program(program, tmp_path / "a.h5")
    write_program(program, tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_no_dataset_holds_a_time(program: FixedGraph, tmp_path: Path) -> None:
    write_program(program, tmp_path / "a.h5")
    tracked = []
    with h5py.File(tmp_path / "a.h5") as file:
        file.visititems(lambda _, item: tracked.append(h5py.h5g.get_objinfo(item.id).mtime))
    assert tracked and not any(tracked)


def test_a_weight_that_does_not_fit_the_file_is_never_wrapped(program: FixedGraph, tmp_path: Path) -> None:
    first = program.projections[0]
    big = replace(first, weight=np.full_like(first.weight, 40000))
    with pytest.raises(ValueError, match="16 bits"):
        write_program(replace(program, projections=(big,)), tmp_path / "program.h5")
    assert list(tmp_path.iterdir()) == []


def code_of(path: Path) -> str:
    with pytest.raises(NeurodeployError) as caught:
        read_program(path)
    assert caught.value.exit_code == 2
    return caught.value.findings[0].code


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    assert code_of(tmp_path / "program.h5") == "ND001"


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_a_finding(program: FixedGraph, tmp_path: Path, kept: float) -> None:
    write_program(program, tmp_path / "program.h5")
    content = (tmp_path / "program.h5").read_bytes()
    (tmp_path / "program.h5").write_bytes(content[: int(len(content) * kept)])
    assert code_of(tmp_path / "program.h5") == "ND040"


def test_a_file_of_another_kind_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "program.h5").write_text("hello")
    assert code_of(tmp_path / "program.h5") == "ND040"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    assert code_of(tmp_path / "other.h5") == "ND041"


def _set(path: str, value: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[path]
        file[path] = value

    return edit


def _attr(path: str, key: str, value: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        file[path].attrs[key] = value

    return edit


def _drop(path: str) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[path]

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        _drop("populations/0000/vth"),
        _drop("projections"),
        _set("populations/0000/vth", np.zeros(3, dtype=np.int32)),
        _set("populations/0000/vth", np.zeros((1, 1), dtype=np.int32)),
        _set("populations/0000/dv", np.array([0.5])),
        _set("populations/0000/scale", np.array([np.nan] * 8)),
        _set("projections/0000/weight", np.zeros((1, 1, 1), dtype=np.int16)),
        _set("projections/0000/delay_steps", np.zeros((1, 1), dtype=np.int16)),
        _attr("/", "schema", 99),
        _attr("/", "dt_s", float("nan")),
        _attr("/", "input_size", 0),
        _attr("/", "readout_population", "nobody"),
        _attr("/", "readout_score", "best"),
        _attr("populations/0001", "name", "f0p0"),
        _attr("populations/0000", "latency_steps", -1),
        _attr("projections/0000", "target", "input"),
        _attr("projections/0000", "exponent", "big"),
    ],
)
def test_a_damaged_program_is_a_finding(program: FixedGraph, tmp_path: Path, edit: Callable) -> None:
    write_program(program, tmp_path / "program.h5")
    with h5py.File(tmp_path / "program.h5", "r+") as file:
        edit(file)
    assert code_of(tmp_path / "program.h5") == "ND041"


def test_two_decays_in_one_group_contradict_themselves(program: FixedGraph) -> None:
    p = program.populations[0]
    assert not list(misfits(program))
    wrong = replace(p, dv=np.arange(p.size, dtype=np.int32), group=np.zeros(p.size, dtype=np.int32))
    found = list(misfits(replace(program, populations=(wrong, *program.populations[1:]))))
    assert any("dv is not one value" in reason for reason in found)
