"""The DWI paper's reading study, read by a network and by scripted readers of known skill.

    python -m benchmarks.reading.paper_study PREPARED [--seed 0]

The study is the preset `dwi-2020`: 50 slices of held-out people and 50 of each of the four DWI runs, with practice and
hidden repeats. It is designed, locked and read by personal links as any other, in the workspace, where it stays; then
it is closed and unblinded, and `brainlab tables dwi-2 --study ID` lays it out as the paper's table 2.

Readers R1 and R2 are scripted: of each source they call as large a share real as the paper's two radiologists did, by
chance case by case, so that what the table should find is known. They know the truth and see nothing. The machine knows
nothing but pixels: it has learnt from slices of PREPARED, whose people are not in the study, and from other samples of
the four runs, through the same rendering.
"""

import argparse
import dataclasses
import random
import sqlite3
from pathlib import Path

from benchmarks.reading.machine_reading import LEARNT_FROM, READER, Judge, learn, read
from brainlab.errors import BrainlabError
from brainlab.experiments.studies.locking import lock_study
from brainlab.experiments.tables.papers.dwi_2 import PUBLISHED
from brainlab.experiments.tables.registry import Sources, find_tables
from brainlab.experiments.tables.written import text_lines
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, preset
from brainlab.reading.record import integrity
from brainlab.types import UInt8Array

PRESET = "dwi-2020"


def scripted(folder: Path, protocol: Protocol, reader: int, seed: int) -> Judge:
    """Return how a reader answers who calls as large a share of each source real as the paper's did."""
    shares = dict(zip([source.name for source in protocol.sources], PUBLISHED.values(), strict=True))
    with sqlite3.connect(folder / "truth.db") as truth, sqlite3.connect(folder / "study.db") as study:
        source_of = dict(truth.execute("SELECT stimulus, source FROM truth"))
        stimulus_of = dict(study.execute("SELECT id, stimulus FROM presentation"))
    chance = random.Random(f"{seed} {reader}")

    def judge(presentation: str, picture: UInt8Array) -> tuple[str, int]:
        called_real = chance.random() < shares[source_of[stimulus_of[presentation]]][1][reader]
        return ("real" if called_real else "fake"), chance.randint(1, 5)

    return judge


def conduct(prepared: Path, seed: int) -> str:
    """Lock the study, let it be read, unblind it, and return its id."""
    protocol = preset(PRESET)
    protocol = dataclasses.replace(protocol, readers=(*protocol.readers, Reader(code=READER)))
    study = lifecycle.create_study(protocol)
    folder = lifecycle.study_folder(study)
    locked = lock_study(folder)
    gate = "not judged" if locked.probe.auc is None else f"AUC {locked.probe.auc:.2f}, limit {locked.probe.limit:.2f}"
    print(f"{study}: {locked.cases} cases and {locked.practice} for practice; blinding check {gate}")
    other = tuple(
        dataclasses.replace(source, name=str(prepared)) if source.kind == "cohort" else source
        for source in protocol.sources
    )
    machine = learn(dataclasses.replace(protocol, sources=other), LEARNT_FROM, seed)
    print(f"the machine learnt from {machine.slices} slices of {machine.people} other people and as many other samples")
    for number, link in enumerate(lifecycle.issue_links(folder)):
        judge = machine.judge if link.reader == READER else scripted(folder, protocol, number, seed)
        print(f"{link.reader}: {read(folder, link.token, judge)} answers, repeats and practice included")
    lifecycle.close(folder)
    lifecycle.unblind(folder, "benchmark", "scripted reading")
    print(f"whole: {integrity.verify(folder).ok}\n")
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path, metavar="PREPARED")
    parser.add_argument("--seed", type=int, default=0, help="of the machine and the scripted readers")
    args = parser.parse_args()
    try:
        study = conduct(args.prepared.resolve(), args.seed)
        table = find_tables(["dwi-2"])[0]
        print("\n".join(text_lines(table, table.build(Sources(runs=list, study=study)))))
    except BrainlabError as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
