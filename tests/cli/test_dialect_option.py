"""``--dialect`` on the command line and in the library: asked for, said, shown, refused where it is idle."""

import json
from itertools import pairwise

import nir
import numpy as np
import pytest
from click.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli import program
from neurodeploy.findings.finding import NeurodeployError

DT_S = 1e-3


@pytest.fixture
def norse_file(tmp_path):
    """A CubaLIF as Norse 1.1.0 writes its LIFCell with ``to_nir(dt=1.)``."""
    full = [np.full(4, value, np.float32) for value in (0.01, 0.005, 1.0, 0.0)]
    nodes = {
        "input": nir.Input(np.array([6])),
        "0": nir.Affine(np.full((4, 6), 0.3, np.float32), full[3]),
        "1": nir.CubaLIF(tau_mem=full[0], tau_syn=full[1], r=full[2], v_leak=full[3], v_threshold=full[2]),
        "output": nir.Output(np.array([4])),
    }
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    return tmp_path / "net.nir"


@pytest.fixture
def samples(tmp_path):
    spikes = np.random.default_rng(0).random((4, 40, 6)) < 0.3
    np.savez(tmp_path / "in.npz", spikes=spikes.astype(np.uint8))
    return tmp_path / "in.npz"


def command(*words):
    return CliRunner().invoke(program, [str(word) for word in words])


def test_a_file_in_doubt_is_no_bundle_until_someone_says_who_wrote_it(norse_file, samples, tmp_path):
    words = (
        "export",
        norse_file,
        "--dt",
        DT_S,
        "--calibrate",
        samples,
        "--no-verify",
        "-o",
        tmp_path / "bundle",
    )
    asked = command(*words)
    assert asked.exit_code == 2 and "error[ND152]" in asked.stderr
    assert not (tmp_path / "bundle").exists()
    told = command(*words, "--dialect", "norse")
    assert told.exit_code == 0, told.stderr
    assert "note[ND161]" in told.stderr
    bundle = nd.open_bundle(tmp_path / "bundle")
    assert "norse" in next(f["found"] for f in bundle.manifest.findings if f["code"] == "ND161")
    assert bundle.graph.populations[0].w_in[0] == pytest.approx(5.0)
    assert nd.read_nir(bundle.path / "model.nir").populations[0].w_in[0] == pytest.approx(5.0)


def test_inspect_says_what_it_sees_and_reads_by_a_dialect(norse_file):
    seen = command("inspect", norse_file, "--dt", DT_S)
    assert seen.exit_code == 0 and "error[ND152]" in seen.stdout and "--dialect norse" in seen.stdout
    told = json.loads(command("inspect", norse_file, "--dt", DT_S, "--dialect", "norse", "--json").stdout)
    assert [finding["code"] for finding in told["findings"]] == ["ND161"]


def test_check_takes_a_dialect(norse_file):
    assert command("check", norse_file, "--dt", DT_S).exit_code == 2
    assert command("check", norse_file, "--dt", DT_S, "--dialect", "norse").exit_code == 0
    assert command("check", norse_file, "--dt", DT_S, "--dialect", "rockpool").exit_code == 2


def test_the_library_takes_what_the_command_line_takes(norse_file, samples, tmp_path):
    with pytest.raises(NeurodeployError):
        nd.read_nir(norse_file, dt_s=DT_S)
    graph = nd.read_nir(norse_file, dt_s=DT_S, dialect="norse")
    assert [note.code for note in graph.notes] == ["ND161"]
    assert "ND161" in [f.code for f in nd.check(norse_file, "loihi", dt_s=DT_S, dialect="norse")]
    assert nd.lower(norse_file, "loihi", dt_s=DT_S, dialect="norse").program
    bundle = nd.export(
        norse_file,
        tmp_path / "b",
        target="loihi",
        dt_s=DT_S,
        dialect="norse",
        calibrate=samples,
        verify=False,
    )
    assert bundle.manifest.findings[0]["code"] == "ND161"


def test_a_dialect_of_what_is_no_nir_file_would_change_nothing(norse_file, tmp_path):
    graph = nd.read_nir(norse_file, dt_s=DT_S, dialect="norse")
    for call in (
        lambda: nd.check(graph, "loihi", dialect="norse"),
        lambda: nd.export(graph, tmp_path / "b", target="loihi", dialect="norse"),
    ):
        with pytest.raises(NeurodeployError) as error:
            call()
        assert [f.code for f in error.value.findings] == ["ND096"]
    idle = command("inspect", "mts-xor", "--dialect", "norse")
    assert idle.exit_code == 2 and "ND096" in idle.stderr


@pytest.mark.slow
def test_a_population_without_a_spike_is_a_warning_at_export_and_fails_verify(norse_file, samples, tmp_path):
    """Read as NIR says, Norse's network is silent: what the trap does to who does not look."""
    words = ("export", norse_file, "--dt", DT_S, "--dialect", "nir", "--calibrate", samples)
    made = command(*words, "-o", tmp_path / "bundle")
    assert made.exit_code == 0 and "warning[ND482]" in made.stderr and "--dialect" in made.stderr
    verified = command("verify", tmp_path / "bundle")
    assert verified.exit_code == 1 and "ND482" in verified.stdout + verified.stderr
    made = command(*words[:4], "--dialect", "norse", *words[6:], "-o", tmp_path / "spiking")
    assert made.exit_code == 0 and "ND482" not in made.stderr
