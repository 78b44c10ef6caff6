"""``import neurodeploy as nd``: loads nothing, shows everything, takes names, paths and objects alike."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

HEAVY = ("numpy", "torch", "norse", "numba", "nir", "h5py", "pydantic", "scipy", "rich", "jinja2", "click")
PACKAGE = Path(nd.__file__).parent


def fails(code: str, exit_code: int, call, *arguments, **options) -> str:
    """Check that a call ends with a finding; give its text."""
    with pytest.raises(nd.NeurodeployError) as caught:
        call(*arguments, **options)
    assert caught.value.findings[0].code == code and caught.value.exit_code == exit_code, caught.value
    return str(caught.value)


# ---- names


def test_importing_the_library_loads_nothing_heavy():
    code = (
        "import sys, neurodeploy as nd\n"
        "assert nd.__version__ and dir(nd)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules],\n"
        "      sorted(name for name in sys.modules if name.startswith('neurodeploy.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]


def test_every_name_of_the_library_is_there():
    for name in nd.__all__:
        assert getattr(nd, name) is not None, name
    assert set(nd.__all__) < set(dir(nd))
    with pytest.raises(AttributeError, match="no attribute 'exprot'"):
        _ = nd.exprot


def test_a_function_keeps_its_name_from_the_room_of_the_same_name():
    for room in ("verify", "export", "sweep", "verify.gates", "sweep.worker"):
        importlib.import_module(f"neurodeploy.{room}")
    assert all(callable(getattr(nd, name)) for name in ("verify", "export", "sweep"))
    code = (
        "import neurodeploy.verify.gates, neurodeploy.export, neurodeploy as nd\n"
        "assert nd.verify.__name__ == 'verify' and callable(nd.export)\n"
        "from neurodeploy.verify.gates import Check\n"
        "from neurodeploy.source import Source"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_type_checkers_see_the_names_that_there_are():
    stub = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    listed = stub.partition("__all__ = [")[2].partition("]")[0]
    assert [name.strip().strip('"') for name in listed.split(",") if name.strip()] == nd.__all__
    assert (PACKAGE / "py.typed").is_file()


USER_SCRIPT = """\
from pathlib import Path
import numpy as np
import neurodeploy as nd

bundle: nd.Bundle = nd.open_bundle(Path("x"))
traces: nd.Traces = nd.simulate(bundle, bundle.samples["test"], record=("spikes",))
right: float | None = nd.accuracy(bundle.samples["test"], traces)
nd.plot.raster(traces, against=nd.run("x", np.zeros((1, 2, 3)), backend="float"))
run: nd.Run = nd.train("mts-xor", seed=3)
made: nd.Bundle = nd.export(run, "y", target=nd.load_target("loihi"))
result: nd.Verification = nd.verify(made, max_drop=2.0)
findings: list[nd.Finding] = nd.check(nd.read_nir("a.nir"), "loihi2")
reveal_type(nd.lower(run, "loihi"))
layer = nd.nn.LIF
nd.exprot  # E: Module has no attribute "exprot"
nd.verify(3)  # E: Argument 1 to "verify" has incompatible type "int"
"""


@pytest.mark.slow
def test_a_users_script_passes_mypy_strict_and_its_mistakes_are_seen(tmp_path):
    pytest.importorskip("mypy", reason="needs mypy, of the extra dev: not installed")
    (tmp_path / "script.py").write_text(USER_SCRIPT + "".join(f"print(nd.{name})\n" for name in nd.__all__))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "script.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(PACKAGE.parent)},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("script.py")]
    wanted = {n: line for n, line in enumerate(USER_SCRIPT.splitlines(), start=1) if "# E: " in line}
    errors = [line for line in lines if ": error:" in line]
    assert len(errors) == len(wanted), done.stdout
    for error, (number, line) in zip(errors, wanted.items(), strict=True):
        assert error.startswith(f"script.py:{number}:") and line.partition("# E: ")[2] in error, error
    assert any('"Lowered' in line or "Lowered[Any]" in line for line in lines), done.stdout


# ---- functions


def test_a_path_is_text_or_path_or_what_stands_there(bundle, tiny_nir, tiny_graph):
    spikes = np.zeros((2, 9, 12), np.uint8)
    spikes[:, ::2] = 1
    opened = nd.open_bundle(bundle)
    for fixed in (str(bundle), bundle, opened):
        assert nd.simulate(fixed, spikes).populations["hidden1"].v.dtype == np.int32
    for network in (str(tiny_nir), tiny_nir, nd.read_nir(tiny_nir), opened.graph, tiny_graph):
        traces = nd.simulate(network, spikes)
        expected = nd.run(bundle, spikes, backend="float")
        assert np.array_equal(traces.populations["hidden1"].spikes, expected.populations["hidden1"].spikes)


def test_spikes_are_an_array_samples_or_a_file(bundle, given):
    samples = nd.load_samples(given)
    traces = [nd.simulate(bundle, spikes) for spikes in (given, str(given), samples, samples.spikes)]
    assert len({trace.score.tobytes() for trace in traces}) == 1
    right = nd.accuracy(samples, traces[0])
    assert right == np.mean(traces[0].score.argmax(1) == samples.labels)
    assert "ND010" in fails("ND010", 2, nd.simulate, bundle, samples.spikes[:, :, 1:])


def test_a_set_is_named_where_there_are_several(bundle, given):
    assert len(nd.load_samples(bundle)) == len(nd.load_samples(bundle, "given")) == 24
    fails("ND003", 2, nd.load_samples, bundle, "givn")
    fails("ND096", 2, nd.load_samples, given, "test")


def test_a_graph_and_samples_are_exported_like_their_files(tiny_graph, given, bundle, tmp_path):
    made = nd.export(tiny_graph, tmp_path / "b", target="loihi", calibrate=nd.load_samples(given))
    expected = nd.open_bundle(bundle)
    assert made.path == tmp_path / "b" and made.manifest.rungs == expected.manifest.rungs
    for name in ("model.nir", "program.h5", "golden.npz", "samples.npz"):
        assert made.manifest.sha256[name] == expected.manifest.sha256[name], name


def test_progress_names_stages_and_counts(tiny_nir, given, tmp_path):
    told = []
    nd.export(tiny_nir, tmp_path / "b", target="loihi", calibrate=given, progress=lambda *at: told.append(at))
    stages = [at[0] for at in told]
    assert stages[0] == "reading tiny.nir" and ("measuring the ladder on given", 24, 24) in told


def test_a_network_is_held_against_a_target(tiny_graph, tiny_nir, bundle):
    for network in (tiny_graph, tiny_nir, bundle, nd.open_bundle(bundle)):
        findings = nd.check(network, "loihi")
        assert not [finding for finding in findings if finding.severity == "error"]
    fails("ND027", 2, nd.check, tiny_graph, "loihl")
    assert nd.lower(tiny_graph, nd.load_target("loihi2")).program.populations[0].size == 16


def test_a_bundle_is_verified(bundle):
    result = nd.verify(nd.open_bundle(bundle), samples=4)
    assert isinstance(result, nd.Verification) and result.exit_code == 0


def test_a_backend_is_never_replaced(bundle, without_lava):
    spikes = np.zeros((1, 5, 12), np.uint8)
    fails("ND420", 4, nd.run, bundle, spikes, backend="lava")
    assert "did you mean 'lava'?" in fails("ND427", 2, nd.run, bundle, spikes, backend="lavva")
    fails("ND096", 2, nd.run, bundle, spikes, backend="lava", threads=2)
    fails("ND096", 2, nd.run, bundle, spikes, backend="fixed", timeout_s=2)


def test_what_is_not_there_is_a_finding(tmp_path, bundle):
    for call in (nd.open_bundle, nd.open_run, nd.read_nir, nd.check, nd.load_samples, nd.verify):
        assert "did you mean 'bundle'?" in fails("ND001", 2, call, bundle.with_name("bundel"))
    fails("ND050", 2, nd.open_run, tmp_path)
    fails("ND001", 2, nd.read_nir, "a\0b")


def test_options_without_effect_are_refused(tiny_graph, tiny_nir, given, tmp_path):
    out = tmp_path / "out"
    fails("ND096", 2, nd.export, tiny_graph, out, target="loihi", dt_s=0.01)
    fails("ND096", 2, nd.export, tiny_nir, out, target="loihi", calibrate=given, seed=3)
    fails("ND096", 2, nd.check, tiny_graph, "loihi", dt_s=0.01)
    fails("ND080", 2, nd.check, tiny_graph)
    assert not out.exists()


def test_a_target_that_a_bundle_could_not_name_is_refused(tiny_graph, tmp_path):
    from neurodeploy.shipped import path_of

    text = path_of("targets", "loihi2").read_text().replace("value = 62\n", "value = 50\n")
    (tmp_path / "short.toml").write_text(text)
    target = nd.load_target(tmp_path / "short.toml")
    fails("ND027", 2, nd.export, tiny_graph, tmp_path / "out", target=target)
    made = nd.export(tiny_graph, tmp_path / "out", target=tmp_path / "short.toml")
    assert made.target.limits["max_delay_steps"].value == 50


def test_labels_of_given_samples_are_held_against_the_readout(tiny_graph, tmp_path):
    spikes = (np.random.default_rng(0).random((4, 20, 12)) < 0.2).astype(np.uint8)
    with pytest.raises(nd.NeurodeployError, match="ND013"):
        samples = nd.Samples(spikes, np.full(4, 3))  # the readout has classes 0, 1 and 2
        nd.export(tiny_graph, tmp_path / "b", target="loihi2", calibrate=samples)
    assert not (tmp_path / "b").exists()
