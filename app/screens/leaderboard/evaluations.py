"""The evaluations of all runs: which are there, which are damaged or outdated, and how to make the missing ones."""

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.components import layout
from app.data import resources
from brainlab.errors import BrainlabError
from brainlab.evaluation.scores import Conditions, Score, read_scores
from brainlab.runs.run import Run
from brainlab.workspace import PROJECT

SHOWN_COMMANDS = 8


@dataclass(frozen=True)
class Evaluated:
    """A run that was measured. scores: by metric. conditions: what most of them were measured on."""

    run: Run
    scores: Mapping[str, Score]

    @property
    def conditions(self) -> Conditions:
        return Counter(score.conditions for score in self.scores.values()).most_common(1)[0][0]


@dataclass(frozen=True)
class Evaluations:
    """measured: by run, those measured alike beside each other. missing: runs without. outdated: measured with other
    weights than they have now. damaged: why a file cannot be read, a line each.
    """

    measured: dict[str, Evaluated] = field(default_factory=dict)
    missing: dict[str, Run] = field(default_factory=dict)
    outdated: dict[str, Run] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    @property
    def scores(self) -> list[Score]:
        """All scores, run by run."""
        return [score for found in self.measured.values() for score in found.scores.values()]

    @property
    def conditions(self) -> list[Conditions]:
        """What runs were measured on, each once; runs of different ones are not comparable."""
        return list(dict.fromkeys(found.conditions for found in self.measured.values()))


def read_evaluations(runs: Mapping[str, Run]) -> Evaluations:
    """Read the evaluation of each run; none that is damaged keeps the others from being read."""
    found = Evaluations()
    measured: dict[str, Evaluated] = {}
    for name, run in runs.items():
        try:
            evaluation = run.evaluation()
        except (BrainlabError, OSError) as error:
            found.damaged.append(str(error))
            continue
        scores = read_scores(name, evaluation or {})
        if not scores:
            found.missing[name] = run
        elif any(score.settings.get("run_sha256", run.sha256) != run.sha256 for score in scores.values()):
            found.outdated[name] = run
        else:
            measured[name] = Evaluated(run, scores)
    groups = list(dict.fromkeys(one.conditions for one in measured.values()))
    found.measured.update(sorted(measured.items(), key=lambda item: groups.index(item[1].conditions)))
    return found


def say_unmeasured(found: Evaluations) -> None:
    """Name the runs without scores, and how to measure them."""
    waiting = found.missing | found.outdated
    if not waiting:
        return
    commands = [command(run) for run in list(waiting.values())[:SHOWN_COMMANDS]]
    if len(waiting) > len(commands):
        commands.append(f"# and {len(waiting) - len(commands)} more")
    said = []
    if found.missing:
        said.append(f"Not evaluated: {', '.join(found.missing)}.")
    if found.outdated:
        said.append(f"Trained on since they were evaluated: {', '.join(found.outdated)}.")
    layout.empty(" ".join(said), "Measure on scans that the run was not trained on:", "\n".join(commands))


def command(run: Run) -> str:
    """Return the command that measures a run, on the first cohort of the workspace that it can read."""
    data = next(iter(resources.fitting(run).values()), None)
    folder = "PREPARED" if data is None else shlex.quote(_shown((data.cut_from or data).folder))
    return f"brainlab evaluate {shlex.quote(_shown(run.folder))} --data {folder}"


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path)
