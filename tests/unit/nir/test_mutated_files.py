"""Hundreds of files with something wrong in them: each is read, or refused with a finding and exit code 2."""

import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.lowering import canonical
from neurodeploy.nir.read import describe_nir, from_nir, read_nir
from neurodeploy.nir.write import to_nir

sys.path.insert(0, str(Path(__file__).parent))
import mutations
import nir_files as files

DT_S = 0.01
DIALECTS = (
    "nir",
    "norse",
    "snntorch:reset=subtract",
    "sinabs:reset=subtract,spikes=single",
    "rockpool:spikes=single",
    "spikingjelly",
    "spyx",
)


@pytest.mark.parametrize("original", range(4))
def test_the_originals_are_sound(original, tmp_path):
    tree = list(mutations.originals())[original]
    graph = read_nir(files.write(tmp_path / "g.nir", tree))
    assert list(check_graph(graph)) == []
    assert describe_nir(tmp_path / "g.nir").dt_s == DT_S


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(4))
def test_a_file_with_something_wrong_is_read_or_refused(batch, tmp_path):
    outcomes = {"read": 0, "refused": 0}
    for seed in range(75 * batch, 75 * batch + 75):
        path = files.write(tmp_path / "g.nir", mutations.mutated(seed))
        try:
            describe_nir(path)
        except NeurodeployError as error:
            assert error.exit_code == 2, seed
        try:
            read_nir(path, dialect=DIALECTS[seed % len(DIALECTS)])
        except NeurodeployError as error:
            assert error.exit_code == 2, seed
        try:
            graph = read_nir(path)
        except NeurodeployError as error:
            assert error.exit_code == 2, seed
            assert all(f.render().replace("\n", "").isprintable() for f in error.findings), seed
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        if graph.input_size < 1000:  # what was read can be computed and written
            interpret(graph, np.ones((1, 3, graph.input_size), dtype=np.uint8))
            again = from_nir(to_nir(graph))
            assert [p.name for p in again.populations] == [p.name for p in canonical(graph).populations], seed
    assert min(outcomes.values()) > 4  # neither everything nor nothing was refused
