"""Rows of tables that are read from the evaluations of runs: a run's own, and those of the real scans beside it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError
from brainlab.experiments.tables.registry import Row

if TYPE_CHECKING:
    from brainlab.evaluation.scores import Score
    from brainlab.runs.run import Run

NOT_ALIKE = "The runs were not all measured on the same images: compare each with the {} of its own."
SIMULATED = "The rebuilt rows are of simulated scans."


def named(run: "Run") -> dict[str, Any]:
    """Return the cells that say which run a row is of."""
    return {"run": run.name, "preset": run.preset}


def no_run(preset: str) -> str:
    """Say that there is none of a preset."""
    return f"no run of the preset {preset} or a variant of it is at hand"


def scores_or_reason(run: "Run") -> "tuple[dict[str, Score], str]":
    """Return a run's scores by metric, or none and why."""
    from brainlab.experiments.evaluation.run_scores import scores_of

    try:
        return scores_of(run), ""
    except InputError as error:
        return {}, str(error)


def conditions_of(run: "Run", scores: "Mapping[str, Score]") -> dict[str, Any]:
    """Return the cells that say what a run was measured on."""
    conditions = next(iter(scores.values())).conditions
    return {
        "data": conditions.data,
        "data_sha256": conditions.data_sha256,
        "simulated": run.simulated,
        "real_scans": conditions.real_scans,
        "seed": conditions.seed,
        "samples": conditions.generated,
    }


def merged(rows: Sequence[Row]) -> list[Row]:
    """Return rows of real scans, those that are alike once, with the runs that were compared with them (`of_runs`)."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = repr({name: value for name, value in row.items() if name != "of_runs"})
        runs = [*found[key]["of_runs"], *row["of_runs"]] if key in found else row["of_runs"]
        found[key] = {**row, "of_runs": runs}
    return list(found.values())


def measured(score: "Score | None") -> tuple[float | None, str]:
    """Return a score's value, or why there is none."""
    if score is None:
        return None, "not in this evaluation; run 'brainlab evaluate' again"
    return score.value, score.undefined if score.value is None else ""
