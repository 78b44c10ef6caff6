"""A bundle: its files are what its manifest says, and nothing outside it is read."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from neurodeploy.bundle.bundle import open_bundle
from neurodeploy.bundle.layout import MODEL, SAMPLES
from neurodeploy.bundle.manifest_file import read_manifest, write_manifest
from neurodeploy.bundle.place import is_nothing_but_a_bundle
from neurodeploy.findings.finding import NeurodeployError, Severity


def refusal(folder) -> NeurodeployError:
    with pytest.raises(NeurodeployError) as caught:
        open_bundle(folder)
    return caught.value


def test_a_bundle_gives_its_parts_when_they_are_asked_for(bundle, tiny_graph):
    opened = open_bundle(str(bundle))
    assert opened.path == bundle and not opened.findings
    assert opened.graph is opened.graph and opened.graph.input_size == tiny_graph.input_size
    assert opened.program.population("out").size == 3
    assert list(opened.samples) == ["given"] and len(opened.golden) == 8
    text = repr(opened)
    assert len(text.splitlines()) <= 10 and "12 sources" in text and "given 24" in text


@pytest.mark.parametrize("name", [MODEL, SAMPLES, "golden.npz", "program.h5", "network.net"])
def test_a_changed_or_missing_file_is_exit_5(bundle, name):
    whole = (bundle / name).read_bytes()
    (bundle / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    error = refusal(bundle)
    assert error.exit_code == 5 and [f.code for f in error.findings] == ["ND008"]
    (bundle / name).unlink()
    assert refusal(bundle).exit_code == 5
    (bundle / name).mkdir()
    assert refusal(bundle).exit_code == 5


def test_a_link_out_of_the_bundle_is_exit_5_even_where_its_content_is_right(bundle, tmp_path):
    (bundle / MODEL).rename(tmp_path / "elsewhere")
    (bundle / MODEL).symlink_to(tmp_path / "elsewhere")
    assert refusal(bundle).exit_code == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_pipe_in_place_of_a_file_is_exit_5_and_nobody_waits_for_it(bundle):
    (bundle / MODEL).unlink()
    os.mkfifo(bundle / MODEL)
    assert refusal(bundle).exit_code == 5


def test_other_files_in_the_folder_are_one_note_and_not_read(bundle):
    for name in (".DS_Store", "r.html", *(f"{i}.txt" for i in range(9))):
        (bundle / name).write_text("x")
    (bundle / "folder").mkdir()
    (note,) = open_bundle(bundle).findings
    assert note.code == "ND044" and note.severity is Severity.NOTE and "and 7 more" in note.found


def test_an_unlisted_file_that_the_target_would_read_is_exit_5(bundle):
    kept = (bundle / "network.net").read_bytes()
    (bundle / "network.net").unlink()
    write_manifest(bundle, read_manifest(bundle))
    assert not open_bundle(bundle).findings
    (bundle / "network.net").write_bytes(kept)
    assert refusal(bundle).exit_code == 5


def test_a_target_file_that_is_changed_or_not_listed_is_not_read(bundle):
    (bundle / "target.toml").write_text("no TOML [")
    error = refusal(bundle)
    assert error.exit_code == 5 and "target.toml" in str(error)
    write_manifest(bundle, read_manifest(bundle))
    (bundle / "target.toml").write_text("changed")
    assert refusal(bundle).exit_code == 5


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"input_max": 255}, "input.max"),
        ({"input_size": 13}, "input.size"),
        ({"dt_s": 0.02}, "dt"),
        ({"readout": None}, "readout"),
        ({"latency_steps": {"hidden1": 1}}, "latency_steps"),
    ],
)
def test_a_manifest_that_contradicts_the_network_is_a_finding(bundle, changes, key):
    write_manifest(bundle, replace(read_manifest(bundle), **changes))
    opened = open_bundle(bundle)
    for part in ("graph", "program"):
        with pytest.raises(NeurodeployError) as caught:
            getattr(opened, part)
        assert caught.value.exit_code == 2 and caught.value.findings[0].code == "ND009"
        assert key in caught.value.findings[0].where


def test_names_in_a_bundle_cannot_steer_a_terminal(bundle):
    late = {"\x1b[2J": 1, "a\nb": 2}
    write_manifest(bundle, replace(read_manifest(bundle), name="\x1b]0;x\x07", latency_steps=late))
    text = repr(open_bundle(bundle))
    assert len(text.splitlines()) == 7 and all(c.isprintable() or c == "\n" for c in text)


def test_latencies_that_are_not_the_programs_are_a_finding(bundle):
    manifest = read_manifest(bundle)
    late = {name: steps + 1 for name, steps in manifest.latency_steps.items()}
    write_manifest(bundle, replace(manifest, latency_steps=late))
    with pytest.raises(NeurodeployError, match="ND009"):
        _ = open_bundle(bundle).program


def test_a_bundle_of_a_target_that_is_not_installed_names_it(bundle):
    write_manifest(bundle, replace(read_manifest(bundle), target="nochip"))
    with pytest.raises(NeurodeployError, match="nochip"):
        open_bundle(bundle)


def test_where_a_bundle_may_be_written_is_said_before_anything_else(tmp_path, tiny_nir):
    from neurodeploy.export import export

    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis").write_text("x")
    said: list[str] = []
    with pytest.raises(NeurodeployError, match="ND005"):
        export(tiny_nir, target="loihi2", out=tmp_path / "home", progress=said.append)
    assert not said and (tmp_path / "home" / "thesis").read_text() == "x"


def test_only_a_folder_with_a_bundle_and_nothing_else_may_be_replaced(bundle, tmp_path):
    assert is_nothing_but_a_bundle(bundle)
    (bundle / "thesis.txt").write_text("x")
    assert not is_nothing_but_a_bundle(bundle)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest.json").write_text('{"name": "a web app", "schema": 1}')
    assert not is_nothing_but_a_bundle(tmp_path / "app")


@pytest.mark.slow
def test_a_path_that_the_output_cannot_spell_can_be_opened_and_written(bundle):
    """Where the system's encoding is ASCII, names of files are bytes that Python holds as surrogates."""
    place = bundle.rename(bundle.with_name("bündel-日本"))
    code = (
        "import sys; from pathlib import Path; from neurodeploy.bundle.bundle import open_bundle; "
        "from neurodeploy.files import atomic_folder, save_npz; "
        "b = open_bundle(sys.argv[1]); repr(b); b.graph, b.program, b.samples, b.golden; "
        "w = atomic_folder(Path(sys.argv[1] + '-2')); save_npz(w.__enter__() / 'x', {}); "
        "w.__exit__(*[None] * 3)"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code, place], env={**os.environ, **plain}, check=True)
    assert sorted(path.name for path in place.parent.iterdir()) == ["bündel-日本", "bündel-日本-2"]
