"""`brainlab prepare`: from scans to a prepared dataset."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from brainlab.cli.progress import progress
from brainlab.cohort.batch import Report, prepare_cohort
from brainlab.cohort.recipes import RECIPES, find_recipe
from brainlab.cohort.sources import find_sources
from brainlab.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a BIDS dataset, a folder of NIfTI files, or one NIfTI file")
    parser.add_argument("out", type=Path, help="folder of the prepared dataset")
    parser.add_argument("--recipe", required=True, help=f"one of: {', '.join(RECIPES)}")
    parser.add_argument(
        "--labels", metavar="COL", help="column that names the class (default: class, diagnosis, group)"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="processes (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDR", help="address of a Dask scheduler to use instead of processes")
    parser.add_argument("--include", metavar="GLOB", help="take only files whose path or name matches")
    parser.add_argument("--table", type=Path, metavar="CSV", help="maps file to participant, class, age, ...")
    parser.add_argument("--keep-intermediate", action="store_true", help="also write masks and registered scans")
    parser.add_argument("--dtype", choices=("uint8", "float16"), default="uint8", help="stored type (default: uint8)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.jobs < 1:
        raise InputError(f"--jobs {args.jobs}: at least 1 process is needed")
    recipe = find_recipe(args.recipe)
    found = find_sources(args.source, recipe, args.labels, args.include, args.table)
    report = prepare_cohort(
        found,
        args.out,
        recipe,
        jobs=args.jobs,
        scheduler=args.scheduler,
        keep_intermediate=args.keep_intermediate,
        dtype=args.dtype,
        track=lambda scans, total: progress(scans, "preparing", total),
    )
    return {**dataclasses.asdict(report), "text": _text(report, args.out), "exit_code": 0 if report.scans else 2}


def _text(report: Report, out: Path) -> str:
    """Return what a person wants to read: failures and warnings by file, then the count."""
    lines = [f"failed ({item['stage']})  {item['path']}: {item['reason']}" for item in report.failed]
    lines += [f"warning  {item['path']}: {item['reason']}" for item in report.warnings]
    shape = "x".join(map(str, report.shape))
    place = f" in {out}" if report.scans else "; nothing written"
    lines.append(f"{report.scans} scans prepared ({shape}), {len(report.failed)} failed{place}")
    return "\n".join(lines)
