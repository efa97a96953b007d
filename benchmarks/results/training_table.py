"""The table of what the training of runs took, and how quick they are."""

import time
from collections.abc import Sequence

from benchmarks.results.image_table import number
from brainlab.experiments.tables.written import markdown_table
from brainlab.runs.run import Run
from brainlab.training.checkpoint import MetricsFile

NOTES = """\
Perplexity: how many entries of a codebook are in use, as if each were used alike. Samples a second: drawn
and decoded, on one core beside other work."""


def training_table(runs: Sequence[Run], images: str, timed: int) -> list[str]:
    """Return a Markdown table, a row a run.

    images: what the runs make, in the plural.  timed: how many are drawn at once to time a run.
    """
    rows = [{"run": run.name, **_training(run, images, timed)} for run in runs]
    return markdown_table(list(rows[0]), [list(row.values()) for row in rows]) if rows else []


def _training(run: Run, images: str, timed: int) -> dict[str, str]:
    last = next(line for line in reversed(MetricsFile(run.folder).lines()) if line["kind"] == "epoch")
    run.sample(timed, 0)
    start = time.monotonic()
    run.sample(timed, 1)
    seconds = time.monotonic() - start
    parameters = sum(weights.numel() for weights in run.model().parameters())
    return {
        "parameters": f"{parameters / 1e6:.2f} M",
        f"{images} shown": f"{last['step'] * run.schedule.batch_size:,}",
        "minutes": number(last["seconds"] / 60, 0),
        f"{images} a second": number(last["samples_per_second"], 0 if last["samples_per_second"] >= 10 else 1),
        "samples a second": number(timed / seconds, 0 if timed / seconds >= 10 else 1),
        "perplexity": number(last.get("codebook_perplexity"), 0),
    }
