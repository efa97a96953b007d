"""`brainlab import-dicom`: from DICOM series to a BIDS dataset without names."""

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.progress import progress
from brainlab.counted import counted

if TYPE_CHECKING:
    from brainlab.cohort.dicom.importing import ImportReport

MOST = 5
"""Files that are no DICOM and are named one by one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", type=Path, metavar="SRC", help="a folder of DICOM files, of any depth, or a zip of one"
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder, or a BIDS dataset to add to")
    parser.add_argument(
        "--linking-table",
        type=Path,
        metavar="CSV",
        help="a new file outside OUT that says which patient and day became which participant and session; it names "
        "patients, so keep it where their records are (default: none is written)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="read the headers, say which image each series would become, write nothing",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.dicom.importing import import_dicom

    report = import_dicom(args.source, args.out, linking_table=args.linking_table, dry_run=args.dry_run, track=progress)
    lines = _lines(report, args.out, args.dry_run)
    return {**dataclasses.asdict(report), "lines": lines, "exit_code": 0 if report.series else 2}


def _lines(report: "ImportReport", out: Path, dry_run: bool) -> list[str]:
    """Return what a person wants to read: what was left out and what to know, then the count."""
    from brainlab.cohort.dicom.importing import FACES
    from brainlab.images.dicom.header import NOT_DICOM

    foreign = [note for note in report.skipped if note["reason"] == NOT_DICOM]
    lines = [f"skipped  {note['path']}: {note['reason']}" for note in report.skipped if note not in foreign[MOST:]]
    if len(foreign) > MOST:
        lines.append(f"skipped  {counted(len(foreign) - MOST, 'more file')}: {NOT_DICOM}; --json lists all")
    lines += [f"warning  {note['path']}: {note['reason']}" for note in report.warnings]
    if not report.series:
        return [*lines, "no series imported; nothing written"]
    if dry_run:
        lines += [f"{file}  from {report.sources[file]}" for file in report.files]
    earlier = report.series - report.new
    there = f" ({earlier:,} of them there already)" if earlier else ""
    people = counted(report.participants, "person", "people")
    lines.append(
        f"{counted(report.series, 'series', 'series')} of {people} in {out}{there}, {len(report.skipped)} skipped"
    )
    return [*lines, "a dry run; nothing written" if dry_run else FACES]
