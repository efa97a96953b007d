"""What the pages of results have in common: runs are measured on the cohorts that they fit, and tables are rebuilt."""

import sys
import time
from collections.abc import Sequence

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.experiments.tables.registry import Sources, find_tables
from brainlab.experiments.tables.written import markdown_page
from brainlab.runs.matching.own_recipe import own_recipe_warning
from brainlab.runs.run import Run


def measured_on(data: PreparedDataset, runs: Sequence[Run], n: int, *, kept: bool) -> list[Run]:
    """Evaluate the runs that learned such images as a cohort holds, and return them.

    n: samples drawn from each, at most as many as the cohort has images.  kept: leave those alone that have an
    evaluation.
    """
    own = [run for run in runs if run.fits(data) and own_recipe_warning(run, data) is None]
    for run in own:
        if not (kept and run.evaluation()):
            start = time.monotonic()
            evaluate_run(run, data, min(n, len(data)))
            print(f"{run.name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    return own


def rebuilt_tables(names: Sequence[str], runs: list[Run]) -> list[str]:
    """Return the papers' tables as sections of a page, each after an empty line."""
    lines = []
    for table in find_tables(names):
        page = markdown_page(table, table.build(Sources(runs=lambda: runs)))
        lines += ["", *(line.replace("# ", "## ", 1) if line.startswith("# ") else line for line in page)]
    return lines
