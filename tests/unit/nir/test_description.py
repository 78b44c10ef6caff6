"""What a file says without the length of a step."""

import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.nir.read import describe_nir, read_nir

sys.path.insert(0, str(Path(__file__).parent))
import nir_files as files


def without_dt(tree):
    del tree["metadata"]["dt"]
    return tree


def recurrent():
    tree = files.chain(files.node("Linear", weight=np.ones((2, 3))), files.lif())
    tree["nodes"] |= {
        "later": files.node("Delay", delay=np.array([0.0123, 0.03])),
        "back": files.node("Linear", weight=np.eye(2)),
        "self": files.node("Linear", weight=np.array([[0.0, 1.0], [0.0, 0.0]])),
    }
    more = [["n1", "later"], ["later", "back"], ["back", "n1"], ["n1", "self"], ["self", "n1"]]
    tree["edges"] = np.vstack([tree["edges"], np.array(more, dtype=object)])
    return tree


def test_a_file_is_described_without_the_length_of_a_step(tmp_path):
    path = files.write(tmp_path / "g.nir", without_dt(recurrent()))
    with pytest.raises(NeurodeployError, match="ND121"):
        read_nir(path)
    found = describe_nir(path)
    assert (found.name, found.dt_s, found.input_size, found.input_max) == ("g", None, 3, 1)
    assert [(p.name, p.size) for p in found.populations] == [("n1", 2)]
    assert [p.name for p in found.projections] == ["input->n1", "n1->n1"]
    # in seconds as they stand; a population that feeds itself without a Delay has none
    loop = found.projections[1].listed
    assert sorted(loop.delay_s.tolist()) == [0.0, 0.0123, 0.03]
    assert (found.readout.population, found.readout.score) == ("n1", "spike_count")


def test_with_the_length_of_a_step_a_description_holds_what_the_reader_gives(tmp_path):
    path = files.write(tmp_path / "g.nir", without_dt(recurrent()))
    found, graph = describe_nir(path, 0.01), read_nir(path, 0.01)
    assert found.dt_s == graph.dt_s
    for a, b in zip(found.projections, graph.projections, strict=True):
        assert np.array_equal(a.listed.delay_s, b.listed.delay_s)
        assert np.array_equal(a.listed.weight, b.listed.weight)
    assert describe_nir(files.write(tmp_path / "dt.nir", recurrent())).dt_s == 0.01


def test_a_description_is_refused_what_no_length_of_a_step_could_mend(tmp_path):
    tree = without_dt(files.sound())
    tree["nodes"]["n0"]["weight"] = np.ones((2, 4))
    with pytest.raises(NeurodeployError, match="ND105"):
        describe_nir(files.write(tmp_path / "g.nir", tree))
