"""The manifest: what it refuses, and that no change to it goes unnoticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurodeploy.bundle.bundle import open_bundle
from neurodeploy.bundle.layout import MANIFEST, MODEL
from neurodeploy.bundle.manifest import MAX_DEPTH, Manifest
from neurodeploy.bundle.manifest_file import CHECKSUM, checksum, read_manifest, write_manifest
from neurodeploy.findings.finding import NeurodeployError


def content(bundle: Path) -> dict:
    return json.loads((bundle / MANIFEST).read_text())


def write(bundle: Path, changed: dict, *, schema: int = 2) -> None:
    """Write a manifest with a right checksum, so that its values are what is looked at."""
    changed = {**changed, "schema": schema}
    changed.pop(CHECKSUM, None)
    if schema == 2:
        changed[CHECKSUM] = checksum(changed)
    (bundle / MANIFEST).write_text(json.dumps(changed, indent=1, sort_keys=True) + "\n")


def refusal(bundle: Path) -> NeurodeployError:
    with pytest.raises(NeurodeployError) as caught:
        open_bundle(bundle)
    return caught.value


def test_a_manifest_reads_back_as_it_was_written(bundle):
    manifest = read_manifest(bundle)
    assert manifest.schema == 2 and manifest.name == "tiny" and manifest.input_size == 12
    again = write_manifest(bundle, manifest)
    assert again.to_dict() == manifest.to_dict() == read_manifest(bundle).to_dict()


@pytest.mark.slow
def test_every_flipped_byte_of_the_manifest_is_noticed(bundle):
    path = bundle / MANIFEST
    whole = path.read_bytes()
    assert len(whole) > 2000
    with path.open("r+b", buffering=0) as file:  # in place: opening a file anew each time takes longer
        for place in range(len(whole)):
            file.seek(place)
            file.write(bytes([whole[place] ^ (0x01, 0x20, 0x07, 0x80)[place % 4]]))
            with pytest.raises(NeurodeployError) as caught:
                read_manifest(bundle)
            assert caught.value.exit_code in (2, 5), whole[place - 9 : place + 9]
            file.seek(place)
            file.write(whole[place : place + 1])
    assert read_manifest(bundle).name == "tiny"


def test_line_ends_of_another_system_are_no_change(bundle):
    path = bundle / MANIFEST
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert open_bundle(bundle).manifest.name == "tiny"


def test_a_bundle_of_schema_1_is_read_and_said_to_have_no_checksum(bundle):
    write(bundle, content(bundle), schema=1)
    opened = open_bundle(bundle)
    assert opened.manifest.schema == 1 and [note.code for note in opened.findings] == ["ND045"]
    assert opened.graph.name == "tiny" and opened.program.name == "tiny"


def test_a_bundle_of_schema_1_may_lack_what_is_only_for_readers(bundle):
    changed = content(bundle)
    for key in ("versions", "rungs", "findings", "training"):
        del changed[key]
    write(bundle, changed, schema=1)
    assert open_bundle(bundle).manifest.versions == {}
    write(bundle, changed)
    assert refusal(bundle).findings[0].code == "ND009"


@pytest.mark.parametrize("schema", [0, 3, -1, "2", 2.0, True, None, [2], 10**30])
def test_another_schema_is_a_finding(bundle, schema):
    changed = {**content(bundle), "schema": schema}
    (bundle / MANIFEST).write_text(json.dumps(changed))
    assert refusal(bundle).findings[0].code == "ND007"


WRONG = {
    "name": [3, None, ["x"], "\ud800"],
    "dt": [0, -1.0, "0.01", None, True, 1e300, 10**400],
    "input": [5, {}, {"size": 12}, {"size": 0, "max": 1}, {"size": 12, "max": 256}, {"size": 12.0, "max": 1}],
    "latency_steps": [3, [], {"hidden1": -1}, {"hidden1": 1.5}, {"hidden1": True}, {"hidden1": 2**40}],
    "readout": ["out", {}, {"population": "out", "score": "best"}, {"population": 3, "score": "max"}],
    "target": ["", "..", "mine.toml", "a/b", "/etc/passwd", "C:x", 7],
    "backend": ["x", {}, {"name": "../x"}, {"name": 3}],
    "versions": [2, ["1"], {"numpy": 2}],
    "quantisation": [[], "x"],
    "findings": [{}, [3], [{"code": 5}], "x"],
    "rungs": [{}, 3, ["x"]],
    "samples": [3, {"test": -1}, {"test": 1.5}, {"test": "all"}],
    "recipe": [3, []],
    "seed": ["0", 1.5, 2**70],
    "training": [[], "x"],
    "rounding": [None, 3],
    "unknown": [1],
}


@pytest.mark.parametrize("schema", [1, 2])
@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG.items() for value in values]
)
def test_a_key_that_holds_something_else_is_a_finding(bundle, key, value, schema):
    write(bundle, {**content(bundle), key: value}, schema=schema)
    error = refusal(bundle)
    assert error.exit_code == 2 and {finding.code for finding in error.findings} == {"ND009"}
    assert len(str(error)) < 2000


@pytest.mark.parametrize("key", ["name", "dt", "input", "latency_steps", "target", "backend", "sha256"])
def test_a_key_that_is_missing_is_a_finding(bundle, key):
    changed = content(bundle)
    del changed[key]
    write(bundle, changed, schema=1)
    error = refusal(bundle)
    assert error.findings[0].code == "ND009" and key in error.findings[0].where


@pytest.mark.parametrize(
    "name", ["../x", "/proc/self/mem", "a/b", "..", ".", "", "a\\b", "C:x", "a\nb", MANIFEST, "a\0b"]
)
def test_only_plain_names_count_as_files(bundle, name):
    changed = content(bundle)
    changed["sha256"][name] = "0" * 64
    write(bundle, changed)
    assert refusal(bundle).findings[0].code == "ND009"


def test_a_manifest_that_lists_nothing_is_no_bundle(bundle):
    for schema in (1, 2):
        write(bundle, {**content(bundle), "sha256": {}}, schema=schema)
        assert refusal(bundle).findings[0].code in ("ND008", "ND009")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'{"schema": 2, "schema": 2}',
        b'{"schema": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"schema": 1, "x": NaN}',
        b'{"schema": 1, "x": -Infinity}',
        b'{"schema": 2, "x": 1e999}',
        b'{"schema": 1, "x": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe",
        b'{"schema": 1}' + b" " * 2**24,
    ],
    ids=range(12),
)
def test_a_manifest_that_is_not_sound_json_is_a_finding(bundle, text):
    (bundle / MANIFEST).write_bytes(text)
    error = refusal(bundle)
    assert error.exit_code == 2 and error.findings[0].code in ("ND006", "ND009")


def test_infinite_and_deeply_nested_values_are_findings_in_schema_1_as_well(bundle):
    path = bundle / MANIFEST
    whole = json.dumps({**content(bundle), "schema": 1, "training": {"x": 0}})
    nested = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    for value in ("1e999", nested):
        path.write_text(whole.replace('"training": {"x": 0}', f'"training": {{"x": {value}}}'))
        assert refusal(bundle).findings[0].code == "ND009"


def test_a_manifest_that_is_a_link_or_a_folder_is_no_bundle(bundle, tmp_path):
    (bundle / MANIFEST).rename(tmp_path / "elsewhere")
    (bundle / MANIFEST).symlink_to(tmp_path / "elsewhere")
    assert refusal(bundle).findings[0].code == "ND006"
    (bundle / MANIFEST).unlink()
    (bundle / MANIFEST).mkdir()
    assert refusal(bundle).findings[0].code == "ND006"


def test_a_path_that_leads_to_no_bundle_is_a_finding(tmp_path):
    (tmp_path / "file").write_text("{}")
    (tmp_path / "loop").symlink_to("loop")
    for name, code in (("nowhere", "ND001"), ("n" * 300, "ND001"), ("loop", "ND001"), ("file", "ND006")):
        assert refusal(tmp_path / name).findings[0].code == code
    assert refusal(tmp_path).findings[0].code == "ND006"
    assert refusal(tmp_path / "file" / "x").findings[0].code == "ND001"


def test_a_manifest_cannot_be_made_of_other_values():
    facts = {"name": "x", "dt_s": 1e-3, "input_size": 1, "input_max": 1, "target": "t"}
    facts |= {"latency_steps": {}, "readout": None}
    Manifest(**facts, backend={"name": "x"})
    for wrong in ({"dt_s": float("nan")}, {"input_size": 0}, {"backend": {}}, {"sha256": {MODEL: "0" * 64}}):
        with pytest.raises(NeurodeployError, match="ND009"):
            Manifest(**{**facts, "backend": {"name": "x"}, **wrong})
