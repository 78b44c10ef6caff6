"""The shipped spoken-digits recipe over seeds: what a user may expect of it."""

from __future__ import annotations

from collections.abc import Sequence

from page import SD_NAMES, accuracy_table, compare, facts, parameters_of, write_rows, write_text
from study import Budget, Study, points

from neurodeploy.recipe import dump_recipe
from neurodeploy.sweep.job import Job
from neurodeploy.sweep.sweep import SweepResult

GOAL = {"validation": 93.0, "test": 62.0}


def write(study: Study, jobs: Sequence[Job], result: SweepResult, budget: Budget) -> None:
    """Write the page and its rows."""
    rows = result.rows
    write_rows(study, rows)
    summaries = compare(rows, [study.points[0].name])
    table = accuracy_table(summaries, SD_NAMES, parameters=parameters_of(rows))
    against = "; ".join(
        f"{SD_NAMES[kind]} {100 * summaries[0].accuracy[kind].mean:.1f} % (goal {goal:.0f} %: "
        f"{'met' if 100 * summaries[0].accuracy[kind].mean >= goal else 'missed'})"
        for kind, goal in GOAL.items()
        if kind in summaries[0].accuracy
    )
    recipe = "\n".join(
        line for line in dump_recipe(jobs[0].recipe).splitlines() if not line.startswith(("seed", "threads"))
    )
    text = f"""# The spoken-digits recipe over seeds

What `neurodeploy train spoken-digits --data ../shared/data` gives, seed by seed.

{facts(study, rows, budget, jobs)}

*Known voices* is the validation set (200 other takes of the four training voices, on which the epoch is
chosen), *unheard voice* the test set (340 utterances of a fifth voice; sampling error about 2.7 points).

{table}

Against the project's goal: {against}.

The recipe, with every default:

```toml
{recipe}
```
"""
    write_text(f"{study.page}.md", text)


STUDY = Study(
    letter="seeds",
    page="spoken-digits-seeds",
    points=points("spoken-digits", (), {"shipped": []}),
    seeds=tuple(range(5)),
    epochs=None,
    needs_data=True,
    write=write,
)
