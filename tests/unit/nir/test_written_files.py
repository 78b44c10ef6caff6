"""What our files hold, dataset by dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import Graph, NeuronModel
from neurodeploy.nir.read import read_nir
from neurodeploy.nir.write import to_nir, write_nir

sys.path.insert(0, str(Path(__file__).parent))
from small_networks import population, row


def two_populations(**of_the_second: float) -> Graph:
    return row(population("a", 2), population("b", 2, NeuronModel.CUBA_LIF, **of_the_second), n_in=1)


def test_a_reset_of_zero_is_left_out_and_another_one_stands(tmp_path):
    graph = two_populations(v_reset=-0.5)
    write_nir(graph, tmp_path / "two.nir")
    with h5py.File(tmp_path / "two.nir") as file:
        nodes = file["node/nodes"]
        assert "v_reset" not in nodes["a"]
        assert nodes["b/v_reset"][()].tolist() == [-0.5, -0.5]
    read = read_nir(tmp_path / "two.nir")
    for had, has in zip(canonical(graph).populations, read.populations, strict=True):
        assert np.array_equal(had.v_reset, has.v_reset)


def test_a_file_from_before_that_has_a_reset_of_zero_reads_as_the_same_network(tmp_path):
    import nir

    graph = two_populations()
    write_nir(graph, tmp_path / "now.nir")
    nir.write(tmp_path / "before.nir", to_nir(graph))
    with h5py.File(tmp_path / "before.nir") as before, h5py.File(tmp_path / "now.nir") as now:
        lost = set(names(before)) - set(names(now))
        assert lost == {"node/nodes/a/v_reset", "node/nodes/b/v_reset"}
        for name in names(now):
            assert np.array_equal(before[name][()], now[name][()]), name
    a, b = (to_nir(read_nir(tmp_path / name)).to_dict() for name in ("now.nir", "before.nir"))
    assert str(a) == str(b)


def names(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found
