"""The scores of a run's evaluation, where it is of the weights that the run has now."""

from brainlab.errors import InputError
from brainlab.evaluation.scores import Score, read_scores
from brainlab.runs.run import Run


def scores_of(run: Run) -> dict[str, Score]:
    """Return the scores of a run by metric.

    Raises InputError where it was not evaluated, its evaluation is damaged, or it was trained on since.
    """
    scores = read_scores(run.name, run.evaluation() or {})
    if not scores:
        raise InputError(
            f"{run.folder}: needs an evaluation, got none; run 'brainlab evaluate {run.folder} --data ...'"
        )
    if any(score.settings.get("run_sha256", run.sha256) != run.sha256 for score in scores.values()):
        raise InputError(f"{run.folder}: was trained on since it was evaluated; run 'brainlab evaluate' again")
    return scores
