"""Tables of numbers for a terminal: too many columns go on in a second block, and no number is ever cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from neurodeploy.findings.printable import printable

if TYPE_CHECKING:
    from rich.table import Table

GAP, EDGES = 3, 2
"""Columns of the terminal between two columns of a table, and at its two sides."""

LEAST_WIDTH = 40
"""A narrower terminal is treated as one of this width: below, not even one number beside its name fits."""


def word_table(title: str, columns: Iterable[str]) -> Table:
    """Make an empty table of words, which wrap."""
    table = _empty(title)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    return table


def number_tables(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, width: int
) -> list[Table]:
    """Make one table, or several blocks of columns that each fit a width.

    Parameters
    ----------
    title
        Above the first block; above the others with "(continued)".
    columns, rows
        The first column names the row: it is repeated in each block, and may wrap. The other cells never do.
    width
        Of the terminal.
    """
    from rich.cells import cell_len

    columns = [printable(column) for column in columns]
    rows = [[printable(cell) for cell in row] for row in rows]
    width = max(width, LEAST_WIDTH)
    cells = [max((cell_len(row[i]) for row in rows), default=0) for i in range(len(columns))]
    first = min(max(cell_len(columns[0]), cells[0]), max(10, width * 2 // 5))
    whole = [max(cell_len(column), cell) for column, cell in zip(columns, cells, strict=True)]
    room = width - EDGES - first
    if sum(GAP + w for w in whole[1:]) > room:
        words = [max(cell_len(word) for word in [*column.split(), ""]) for column in columns]
        whole = [max(cell, min(word, max(cell, room - GAP))) for word, cell in zip(words, cells, strict=True)]
    blocks: list[list[int]] = [[]]
    for i in range(1, len(columns)):
        if blocks[-1] and sum(GAP + whole[k] for k in [*blocks[-1], i]) > room:
            blocks.append([])
        blocks[-1].append(i)
    return [
        _block(title if n == 0 else f"{title} (continued)", [0, *block], columns, rows, [first, *whole[1:]])
        for n, block in enumerate(blocks)
    ]


def _block(
    title: str,
    chosen: Sequence[int],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: list[int],
) -> Table:
    """Make a table of some columns, each as wide as it was measured."""
    from rich.text import Text

    table = _empty(title)
    for i in chosen:
        table.add_column(
            Text(columns[i], overflow="fold"),
            justify="right" if i else "left",
            overflow="fold",
            width=widths[i],
        )
    for row in rows:
        table.add_row(*(Text(row[i], overflow="fold") for i in chosen))
    return table


def _empty(title: str) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    return Table(
        title=Text(printable(title), style="bold") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
