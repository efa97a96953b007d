"""A blinded study of real and generated slices, read by a network.

    python -m benchmarks.reading.machine_reading RUN PREPARED [--cases 20] [--seed 0]

PREPARED holds real scans of people that RUN was not trained on. Half of these people supply the study: `--cases` axial
slices of them and as many of RUN's samples, drawn, rendered and sealed as `brainlab study lock` does. The network
learns from slices of the other half and from other samples, through the same rendering. It then reads the study by a
personal link: it gets the pixels that the reading room shows, and its answers are saved as a person's are. Only then is
the study closed and unblinded; what is printed is the report's. The study is temporary, nothing is written to the
workspace.

`--seed` decides who is in which half, what is learnt from, and the network. What the study shows is drawn anew each
time, under the secret salt of its lock.
"""

import argparse
import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.reading.simulated_readers import SessionDoor
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import BrainlabError
from brainlab.evaluation.image_classifier import ImageClassifier
from brainlab.experiments.studies.case_classifier import coarse
from brainlab.experiments.studies.locking import LockReport, lock_study, open_sources
from brainlab.experiments.studies.stimuli import Stimulus
from brainlab.reading.desk import lifecycle
from brainlab.reading.images.rendering import magnification, render
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.report.study_report import study_report
from brainlab.runs.run import Run, load_run
from brainlab.types import IntArray, UInt8Array

LEARNT_FROM = 400
"""Slices of each kind that the network learns from, at most; and at most two of a real scan."""

READER = "machine"
PASSED = {"welcome": "welcome_done", "consent": "consent_given", "break": "break_done"}
"""Screens without a case, and what a reader does there."""

Judge = Callable[[str, UInt8Array], tuple[str, int]]
"""Verdict and confidence on what is shown: the presentation's id and its pixels [rows, columns]."""


class MachineReader(NamedTuple):
    """A trained network, what it shrinks pictures by, and what it has learnt from."""

    network: ImageClassifier
    factor: int
    slices: int
    people: int

    def judge(self, presentation: str, picture: UInt8Array) -> tuple[str, int]:
        """Return the verdict on a picture [rows, columns], and the confidence in fifths of the way to certainty."""
        log_odds = float(self.network.decision_function(as_input([picture], self.factor))[0])
        sure = np.tanh(abs(log_odds) / 2)  # 2 p - 1, with p the probability of the verdict
        return ("real" if log_odds > 0 else "fake"), 1 + min(int(5 * sure), 4)


def as_input(pictures: Sequence[UInt8Array], factor: int) -> UInt8Array:
    """Undo the enlargement of pictures [rows, columns] and turn them, so that left-right comes first: [n, x, y]."""
    return np.stack([coarse(picture, factor) for picture in pictures])


def halves(data: PreparedDataset, seed: int, folder: Path) -> tuple[PreparedDataset, PreparedDataset]:
    """Write the scans of one half of the people and those of the other as prepared datasets in a folder."""
    people = data.scans["participant"].to_numpy(dtype=str)
    drawn = np.random.default_rng(seed).permutation(np.unique(people))
    first = np.isin(people, drawn[: len(drawn) // 2])
    parts = {"study": np.flatnonzero(first), "learning": np.flatnonzero(~first)}
    for_study, for_learning = (_part(data, rows, folder / name) for name, rows in parts.items())
    return for_study, for_learning


def _part(data: PreparedDataset, rows: IntArray, folder: Path) -> PreparedDataset:
    images = (data.batch(rows[place : place + 1])[0, 0] for place in range(len(rows)))
    scans = data.scans.iloc[rows].reset_index(drop=True)
    return write_prepared(folder, images, scans, data.recipe, str(data.volumes.dtype))


def protocol_of(run: Path, cohort: Path, cases: int, seed: int) -> Protocol:
    """Return a study of `cases` axial slices of a cohort and as many of a run's samples, for one reader."""
    return Protocol(
        title="Machine reading",
        sources=(
            Source(kind="cohort", name=str(cohort), n=cases),
            Source(kind="run", name=str(run), n=cases),
        ),
        readers=(Reader(code=READER),),
        practice=0,
        repeats_share=0,
        rest_break_every=0,
        seed=seed,
    )


def learn(protocol: Protocol, most_real: int, seed: int) -> MachineReader:
    """Train a network on slices that a protocol's sources supply, rendered as for readers; half of them are real."""
    salt = hashlib.sha256(f"machine reading {seed}".encode()).digest()
    n = min(LEARNT_FROM, most_real)
    supplies = open_sources(protocol)
    sharing = Counter(supply.source.truth for supply in supplies)
    stimuli, real = [], []
    for supply in supplies:
        drawn = supply.draw(n // sharing[supply.source.truth], salt)
        stimuli += drawn
        real += [supply.source.truth == "real"] * len(drawn)
    factor = magnification(stimuli[0].image.shape, protocol)
    pictures = as_input([picture_of(stimulus, protocol) for stimulus in stimuli], factor)
    people = len({stimulus.participant for stimulus in stimuli} - {None})
    network = ImageClassifier(seed).fit(pictures, np.array(real))
    return MachineReader(network, factor, sum(real), people)


def picture_of(stimulus: Stimulus, protocol: Protocol) -> UInt8Array:
    """Return the pixels that readers would be shown: [rows, columns]."""
    return render(stimulus.image, stimulus.voxel_size_mm or (1.0, 1.0), protocol)[0]


def read(folder: Path, token: str, judge: Judge) -> int:
    """Read a locked study from a personal link to the last case; returns the number of answers."""
    door = SessionDoor(folder, token)
    view = door.act("enter")
    answers = 0
    while view["state"] != "done":
        if view["state"] in PASSED:
            view = door.act("event", kind=PASSED[view["state"]])
            continue
        case, begun = view["current"], time.perf_counter()
        picture = np.frombuffer(door.pixels(case["id"]), np.uint8).reshape(case["shape"])
        value, confidence = judge(case["id"], picture)
        view = door.act(
            "answer",
            presentation=case["id"],
            key=case["answer_key"],
            value=value,
            confidence=confidence,
            active_ms=round(1000 * (time.perf_counter() - begun)),
        )
        answers += 1
    return answers


def with_interval(figure: dict[str, Any]) -> str:
    """Return a figure of the report in words."""
    bounds = figure["reason"] if figure["low"] is None else f"{figure['low']:.2f} to {figure['high']:.2f}"
    return f"{figure['value']:.2f} ({bounds})"


def conduct(run: Run, data: PreparedDataset, cases: int, seed: int, scratch: Path) -> None:
    """Design and lock the study, train the reader, let it read, unblind, and print what the report says."""
    run.see(data)
    for_study, for_learning = halves(data, seed, scratch)
    protocol = protocol_of(run.folder, for_study.folder, cases, seed)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, scratch), scratch)
    locked: LockReport = lock_study(folder, override="a benchmark, no person reads")
    begun = time.perf_counter()
    reader = learn(protocol_of(run.folder, for_learning.folder, cases, seed), 2 * len(for_learning), seed)
    taken = time.perf_counter() - begun
    answers = read(folder, lifecycle.issue_links(folder)[0].token, reader.judge)
    lifecycle.close(folder)
    lifecycle.unblind(folder, "benchmark", "machine reading")
    figures = study_report(folder)["per_reader"][READER]
    verdict = integrity.verify(folder)
    print(
        f"learnt from {reader.slices} slices of {reader.people} other people and as many other samples in {taken:.0f} s"
    )
    gate = "not judged" if locked.probe.auc is None else f"AUC {locked.probe.auc:.2f}, limit {locked.probe.limit:.2f}"
    print(f"{cases} real and {cases} generated slices, blinding check {gate}; answers {answers}, whole: {verdict.ok}")
    names = {"auc": "ROC area", "accuracy": "accuracy", "sensitivity": "sensitivity", "specificity": "specificity"}
    print(", ".join(f"{words} {with_interval(figures[name])}" for name, words in names.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("prepared", type=Path, metavar="PREPARED")
    parser.add_argument("--cases", type=int, default=20, help="slices of each kind; 20 if absent")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        run, data = load_run(args.run.resolve()), PreparedDataset.open(args.prepared.resolve())
        with tempfile.TemporaryDirectory() as scratch:
            conduct(run, data, args.cases, args.seed, Path(scratch))
    except BrainlabError as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
