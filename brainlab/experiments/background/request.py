"""What is to be trained from what, by names that the workspace knows, as words of the command line."""

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainlab import workspace as places
from brainlab.cohort.prepared import PreparedDataset
from brainlab.config import changed_flags
from brainlab.errors import InputError
from brainlab.experiments.training import is_taken
from brainlab.experiments.training_plan import Machine, Plan
from brainlab.methods.method import Schedule
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.methods import find_preset
from brainlab.runs.run import load_run

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A training that somebody asks for.

    name: of the run.  config, schedule: the preset's own, or changed ones.  start_from: the run whose weights it begins
    with; empty for drawn ones.
    """

    preset: str
    cohort: str
    name: str
    seed: int = 0
    config: Any = None
    schedule: Schedule | None = None
    start_from: str = ""

    @property
    def folder(self) -> Path:
        """Where the run is to be. Raises InputError on a name that is not one."""
        return run_folder(self.name)

    def plan(self) -> Plan:
        """Return what is trained. Raises InputError where the preset or the cohort is unknown."""
        find_preset(self.preset)
        data = PreparedDataset.open(cohort_folder(self.cohort))
        start = load_run(trained_folder(self.start_from)) if self.start_from else None
        return Plan.of_preset(self.preset, data, self.config, self.schedule, start)

    def check(self) -> Plan:
        """Return the plan. Raises InputError where training would refuse it, or the name is taken."""
        plan = self.plan()
        refuse_out_of_range({"seed": self.seed})
        plan.check(Machine())
        preset = vars(find_preset(self.preset)[1].config)
        asked = {} if self.config is None else vars(self.config)
        plan.method.refuse_without_effect(plan.config, [name for name in asked if asked[name] != preset[name]])
        if is_taken(self.folder) or (places.MODELS / self.name).exists():
            raise InputError(f"there is a run named '{self.name}' already; choose another name")
        return plan

    def words(self) -> list[str]:
        """Return what follows `brainlab` on the command line."""
        _, preset = find_preset(self.preset)
        words = [*command(self.preset, self.cohort, self.folder)]
        words += ["--seed", str(self.seed)] if self.seed else []
        words += ["--start-from", str(trained_folder(self.start_from))] if self.start_from else []
        words += _schedule_flags(preset.schedule, self.schedule or preset.schedule)
        return words + changed_flags(preset.config, preset.config if self.config is None else self.config)


def command(preset: str, cohort: str, folder: Path) -> list[str]:
    """Return the words with which a preset is trained from a cohort into a folder."""
    find_preset(preset)
    return ["train", preset, "--data", str(cohort_folder(cohort)), "--out", str(folder)]


def cohort_folder(name: str) -> Path:
    """Return the folder of one of the workspace's cohorts. Raises InputError where it has none of that name."""
    found = {folder.name: folder for folder in places.cohort_folders()}
    if name not in found:
        raise InputError(f"no cohort named '{name}' here; there are {', '.join(found) or 'none'}")
    return found[name]


def trained_folder(name: str) -> Path:
    """Return the folder of a trained run; of two of one name the one that ships. Raises InputError on another name."""
    for folder in places.run_folders():
        if folder.name == name:
            return folder
    raise InputError(f"no run named '{name}' here")


def run_folder(name: str) -> Path:
    """Return the folder of a run, which need not exist. Raises InputError on a name that is not one."""
    if not NAME.fullmatch(name):
        raise InputError(f"the name of a run needs 1 to 61 letters, digits, - and _, got '{name}'; choose another name")
    return places.workspace() / "runs" / name


def free_name(preset: str) -> str:
    """Return a name for a run that is not taken: the preset's, or with a number behind it."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", preset).strip("-_")[:50] or "run"
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") and (
        is_taken(run_folder(name)) or (places.MODELS / name).exists()
    ):
        number += 1
    return name


def _schedule_flags(preset: Schedule, asked: Schedule) -> list[str]:
    """Return the flags of a schedule. With `--epochs` alone a preset's own `stop_after` no longer holds."""
    flags = changed_flags(dataclasses.replace(preset, stop_after=None), dataclasses.replace(asked, stop_after=None))
    stops_anew = asked.stop_after != preset.stop_after
    epochs = ["--epochs", str(asked.epochs)]
    if stops_anew and asked.epochs == preset.epochs and asked.stop_after is None:
        flags += epochs
    if asked.stop_after is not None and (stops_anew or asked.epochs != preset.epochs):
        flags += ["--stop-after", str(asked.stop_after)]
    return flags
