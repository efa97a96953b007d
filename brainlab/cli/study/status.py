"""`brainlab study status STUDY`: show the progress of each reader, never an answer."""

import argparse
from dataclasses import asdict
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.desk.lifecycle import study_status
from brainlab.reading.desk.pace import study_pace

SUMMARY = "show the progress of each reader, never an answer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    status = study_status(folder_of(args))
    readers: dict[str, dict[str, Any]] = {}
    for reader in status.readers:  # ordered by round: the first that is not finished counts
        if reader.reader not in readers or readers[reader.reader]["finished_at"] is not None:
            readers[reader.reader] = asdict(reader)
    if status.state in ("locked", "closed"):
        for pace in study_pace(folder_of(args)):
            if pace.round == readers[pace.reader]["round"]:
                readers[pace.reader]["pace"] = asdict(pace)
    lines = [
        f"{code}\t{reader['done']} of {reader['total']}{', withdrawn' if reader['withdrawn'] else ''}"
        for code, reader in readers.items()
    ]
    return {
        "study": status.study,
        "state": status.state,
        "readers": readers,
        "lines": [f"{status.study}: {status.title} ({status.state})", *lines],
    }
