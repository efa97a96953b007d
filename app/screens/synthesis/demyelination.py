"""Myelin of the lesions of a visit, from true and from synthesised PET."""

from app.data.translations import CohortVisit
from brainlab.runs.run import Run


def show(run: Run, visit: CohortVisit) -> None:
    """Show nothing unless the target is the DVR of a myelin tracer."""
