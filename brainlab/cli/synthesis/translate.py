"""`brainlab translate RUN SRC OUT`: a sequence that was not taken, made from those that were."""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.cli.common.split import add_split
from brainlab.counted import counted
from brainlab.errors import BrainlabError, InputError

if TYPE_CHECKING:
    from brainlab.runs.run import Run

Make = Callable[[Path], Iterator[str]]
"""Writes images into a scratch folder, but for those that lie there whole, and yields the names of all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument(
        "source",
        type=Path,
        metavar="SRC",
        help="a BIDS dataset or a folder of scans with the run's inputs of each visit, or a prepared dataset",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for a NIfTI of each visit")
    parser.add_argument(
        "--table", type=Path, metavar="CSV", help="maps file to participant, session and modality; no other is taken"
    )
    add_split(parser, "of a prepared dataset, which scans")
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.sources.image_files import is_prepared_dataset
    from brainlab.experiments.export import whole_folder
    from brainlab.runs.run import load_run

    chosen = load_run(args.run_folder, args.device)
    chosen.require("translate")
    prepared = args.source.is_dir() and is_prepared_dataset(args.source)
    if prepared and args.table:
        raise InputError(f"--table: {args.source} is prepared already and has a table of its own; leave it out")
    if not prepared and args.split:
        raise InputError(f"--split: {args.source} has none, as it is not a prepared dataset; leave it out")
    failed: list[dict[str, str]] = []
    warnings: list[dict[str, str]] = []
    task, make = _rows(chosen, args, warnings) if prepared else _visits(chosen, args, failed, warnings)
    with whole_folder(args.out, "brainlab translate", overwrite=args.overwrite, task=task) as scratch:
        names = list(make(scratch))
        if not names:
            raise InputError("; ".join(f"{item['path']}: {item['reason']}" for item in failed))
    lines = [f"failed  {item['path']}: {item['reason']}" for item in failed]
    lines += [f"warning  {item['path']}: {item['reason']}" for item in warnings]
    done = f"{counted(len(names), 'scan')} of {chosen.config.target} made from {', '.join(chosen.config.inputs)}"
    return {
        "files": [str(args.out / name) for name in names],
        "failed": failed,
        "warnings": warnings,
        "lines": [*lines, done, written(names, args.out)],
    }


def _rows(chosen: "Run", args: argparse.Namespace, warnings: list[dict[str, str]]) -> tuple[str, Make]:
    """Return what the translations of rows of a prepared dataset depend on, and what makes them, on its own grid."""
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.export import finished, keep_finished, save_image, scan_name
    from brainlab.experiments.synthesis.whole_scans import (
        other_scale_warning,
        refuse_other_scans,
        rows_of_split,
        translate_row,
    )
    from brainlab.runs.image_provenance import translated_by
    from brainlab.runs.matching.own_recipe import own_recipe_warning

    data = PreparedDataset.open(args.source)
    refuse_other_scans(chosen, data)
    for warning in (own_recipe_warning(chosen, data), other_scale_warning(chosen, data)):
        warnings += [{"path": str(data.folder), "reason": warning}] if warning else []
    rows = rows_of_split(chosen, data, args.split)
    said = translated_by(chosen, data.recipe["name"])

    def make(scratch: Path) -> Iterator[str]:
        for row in progress(rows, "translating", len(rows)):
            stem = f"{scan_name(data.scans.iloc[int(row)], int(row))}_{chosen.config.target}"
            if (kept := finished(scratch, stem)) is None:
                path = save_image(translate_row(chosen, data, int(row)), data.grid, scratch / stem, said)
                keep_finished(scratch, stem, kept := {"file": path.name})
            yield kept["file"]

    return _task(chosen, args, [data.sha256]), make


def _visits(
    chosen: "Run", args: argparse.Namespace, failed: list[dict[str, str]], warnings: list[dict[str, str]]
) -> tuple[str, Make]:
    """Return what the translations of visits depend on, and what makes them, each in the space of its first input.

    A visit that cannot be prepared is told and left out.
    """
    import pandas as pd

    from brainlab.cohort.sources.discovery import find_sources
    from brainlab.experiments.export import finished, keep_finished, save_image, scan_name
    from brainlab.experiments.synthesis.whole_scans import recipe_of_inputs, translate_visit
    from brainlab.images.grid import Grid
    from brainlab.runs.image_provenance import translated_by

    recipe = recipe_of_inputs(chosen)
    found = find_sources(args.source, recipe, table=args.table)
    warnings += found.warnings
    said = translated_by(chosen, recipe.name)

    def make(scratch: Path) -> Iterator[str]:
        for number, source in enumerate(progress(found.scans, "translating", len(found.scans))):
            stem = f"{scan_name(pd.Series(source.details), number)}_{chosen.config.target}"
            if (kept := finished(scratch, stem)) is None:
                try:
                    made = translate_visit(chosen, source, recipe)
                except BrainlabError as error:
                    failed.append({"path": source.relative, "reason": getattr(error, "reason", str(error))})
                    continue
                volume = made.volume
                grid = Grid(volume.data.shape, volume.affine)
                path = save_image(volume.data, grid, scratch / stem, said, volume.axes)
                keep_finished(scratch, stem, kept := {"file": path.name, "notes": list(made.notes)})
            warnings.extend({"path": source.relative, "reason": note} for note in kept["notes"])
            yield kept["file"]

    files = [path for scan in found.scans for path in (scan.path, *(other.path for other in scan.others.values()))]
    return _task(chosen, args, [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files]), make


def _task(chosen: "Run", args: argparse.Namespace, sources: list[Any]) -> str:
    """Return all that translations depend on, by which a call that was interrupted is known again."""
    from brainlab import __version__

    said = [chosen.sha256, chosen.name, args.device, args.split, str(args.table), str(args.source.resolve())]
    return json.dumps([__version__, *said, sources])
