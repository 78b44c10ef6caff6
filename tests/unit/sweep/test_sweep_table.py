import csv
import io

import numpy as np
import pytest
from scipy import stats

from neurodeploy.sweep.table import (
    Row,
    paired,
    rows_csv,
    summarise,
    summarise_points,
    table_json,
    table_markdown,
)


def rows(name: str, tests: dict[int, float]) -> list[Row]:
    return [
        Row(name, {"key": name}, seed, "finished", {"validation": test + 0.1, "test": test}, {"seconds": 1.5})
        for seed, test in tests.items()
    ]


def test_the_spread_is_numpys() -> None:
    values = [0.5, 0.75, 0.625, 0.9]
    summary = summarise(values)
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.sd == pytest.approx(np.std(values, ddof=1))
    assert (summary.n, summary.smallest, summary.largest) == (4, 0.5, 0.9)


def test_one_seed_has_no_spread() -> None:
    assert summarise([0.5]).sd is None
    only = paired({0: 0.6}, {0: 0.5})
    assert only is not None
    assert (only.low, only.high, only.p) == (None, None, None)


def test_a_paired_difference_is_scipys_and_matches_seeds_not_places() -> None:
    mine = {3: 0.9, 0: 0.6, 1: 0.7, 9: 0.1}
    reference = {0: 0.5, 1: 0.65, 3: 0.92, 5: 0.0}
    difference = paired(mine, reference)
    pairs = np.array([[0.6, 0.5], [0.7, 0.65], [0.9, 0.92]])
    test = stats.ttest_rel(pairs[:, 0], pairs[:, 1])
    interval = test.confidence_interval(0.95)
    assert difference is not None
    assert difference.mean == pytest.approx((0.1 + 0.05 - 0.02) / 3)
    assert difference.p == pytest.approx(test.pvalue)
    assert (difference.low, difference.high) == pytest.approx((interval.low, interval.high))
    assert (difference.n, difference.above, difference.below) == (3, 2, 1)


def test_equal_seeds_are_neither_above_nor_below_and_prove_nothing() -> None:
    difference = paired({0: 0.5, 1: 0.6}, {0: 0.5, 1: 0.6})
    assert difference is not None
    assert (difference.above, difference.below, difference.p) == (0, 0, None)
    assert (difference.low, difference.high) == (0.0, 0.0)


def test_points_without_a_common_seed_are_not_compared() -> None:
    assert paired({0: 0.5}, {1: 0.5}) is None


def test_points_keep_their_order_and_are_compared_with_the_first() -> None:
    first, second = summarise_points(rows("b", {0: 0.5, 1: 0.6}) + rows("a", {0: 0.7, 1: 0.7}))
    assert (first.name, second.name) == ("b", "a")
    assert first.difference == {}
    assert second.difference["test"].mean == pytest.approx(0.15)
    assert second.accuracy["validation"].mean == pytest.approx(0.8)


def test_a_failed_run_is_counted_and_not_averaged() -> None:
    broken = Row("a", {"key": "a"}, 2, "failed")
    (point,) = summarise_points([*rows("a", {0: 0.5, 1: 0.6}), broken])
    assert (point.failed, point.accuracy["test"].n) == (1, 2)
    assert "2, 1 failed" in table_markdown([point])


def test_a_point_of_failed_runs_alone_has_dashes() -> None:
    points = summarise_points([Row("a", {"key": "a"}, 0, "failed")])
    assert "| `a` | 0, 1 failed | - |" in table_markdown(points)
    assert table_json(points)[0]["accuracy"] == {}


def test_rows_go_to_csv_and_back() -> None:
    failed = Row("b", {"key": "b"}, 1, "failed")
    read = list(csv.DictReader(io.StringIO(rows_csv([*rows("a", {0: 0.5}), failed]))))
    assert read[0] == {
        "point": "a", "key": "a", "seed": "0", "status": "finished", "validation": "0.6", "test": "0.5",
        "seconds": "1.5",
    }  # fmt: skip
    assert (read[1]["status"], read[1]["test"]) == ("failed", "")


def test_the_table_is_in_percent_and_differences_in_points() -> None:
    text = table_markdown(summarise_points(rows("b", {0: 0.5, 1: 0.6}) + rows("a", {0: 0.7, 1: 0.7})))
    assert "| `b` | 2 | 65.0 |" in text
    assert "+15.0 (-48.5 to +78.5) | 2 / 0 |" in text
