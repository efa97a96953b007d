"""`brainlab scans`: what a source holds and what is odd about it, before anything is prepared."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.cohort.prepare import note_lines
from brainlab.counted import counted

if TYPE_CHECKING:
    from brainlab.cohort.sources.listing import Listing

COLUMNS = ("participant", "session", "modality", "age_years", "sex", "class", "path")
MOST_UNREADABLE = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a BIDS dataset, a FreeSurfer folder, a folder of scans, or one file")
    parser.add_argument("--recipe", metavar="NAME", help="only what this recipe would prepare (default: every scan)")
    parser.add_argument(
        "--labels", metavar="COL", help="column with the class (default: class, diagnosis, dx or group)"
    )
    parser.add_argument("--include", metavar="GLOB", help="only files whose path or name matches")
    parser.add_argument(
        "--table", type=Path, metavar="CSV", help="maps file to participant, class, age, ...; no other file is listed"
    )
    parser.add_argument(
        "--class-folders", action="store_true", help="the folders directly below the source name the classes"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.sources.listing import list_scans

    found = list_scans(args.source, args.recipe, args.labels, args.include, args.table, args.class_folders)
    return {**dataclasses.asdict(found), "lines": _lines(found)}


def _lines(found: "Listing") -> list[str]:
    """Return a scan a line, then what is odd, then counts."""
    lines = _table([COLUMNS, *([_cell(scan.get(name)) for name in COLUMNS] for scan in found.scans)])
    lines += [f"unreadable  {item['path']}: {item['reason']}" for item in found.failed[:MOST_UNREADABLE]]
    if len(found.failed) > MOST_UNREADABLE:
        lines.append(f"unreadable  {len(found.failed) - MOST_UNREADABLE} more; --json lists all")
    return [*lines, *note_lines(found.warnings), _summary(found)]


def _summary(found: "Listing") -> str:
    kinds = ", ".join(f"{len(scans)} {name}" for name, scans in found.by_sequence().items())
    people = counted(len({scan["participant"] for scan in found.scans}), "participant")
    return (
        f"{counted(len(found.scans), 'scan')} of {people} ({kinds}), {len(found.failed)} unreadable; "
        "nothing was prepared"
    )


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
