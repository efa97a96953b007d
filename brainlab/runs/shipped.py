"""LDA figures that a run was shipped with: measured on whole unseen cohorts, and kept beside its weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainlab.files.json_text import parse_json
from brainlab.runs.run import Run

LDA_FILE = "lda.json"


def write_lda(run: Run, cohorts: Mapping[str, dict[str, Any]]) -> Path:
    """Write the figures of a run beside it. cohorts: name to `LdaResult.to_json()`."""
    path = run.folder / LDA_FILE
    path.write_text(
        json.dumps({"run_sha256": run.sha256, "cohorts": cohorts}, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    return path


def read_lda(run: Run) -> dict[str, dict[str, Any]]:
    """Return the figures of a run by cohort; none unless these very weights were measured."""
    path = run.folder / LDA_FILE
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
        return dict(found["cohorts"]) if found["run_sha256"] == run.sha256 else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
