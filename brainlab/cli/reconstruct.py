"""`brainlab reconstruct RUN PREPARED OUT`.

A run that has learnt conditions encodes and decodes each scan under those of its own row in `scans.tsv`.
"""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.lines import warn
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.counted import counted
from brainlab.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("prepared", type=Path, metavar="PREPARED")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for NIfTI (volumes) or PNG (slices)")
    parser.add_argument("--split", choices=["test", "train", "all"], default="test", help="which scans (default: test)")
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.export import save_image, scan_name, whole_folder
    from brainlab.runs.encodings import see_to_encode
    from brainlab.runs.image_provenance import made_by
    from brainlab.runs.matching.own_conditions import own_condition_warnings, own_conditions
    from brainlab.runs.matching.own_recipe import own_recipe_warning
    from brainlab.runs.run import load_run

    chosen, data = load_run(args.run_folder, args.device), PreparedDataset.open(args.prepared)
    data = see_to_encode(chosen, data)
    rows = data.indices(None if args.split == "all" else args.split)
    if not len(rows):
        raise InputError(
            f"{data.folder}: no {chosen.grid.noun}s in the split '{args.split}'; choose another with --split"
        )
    warnings = own_condition_warnings(chosen, data, rows)
    if unlike := own_recipe_warning(chosen, data):
        warnings.insert(0, unlike)
    warn(warnings)
    names = []
    with whole_folder(args.out, "brainlab reconstruct", overwrite=args.overwrite) as scratch:
        for row in progress(rows, "reconstructing", len(rows)):
            told = own_conditions(chosen, data, rows[rows == row])
            mean, _ = chosen.encode(data.batch(rows[rows == row]), condition=told)
            name = f"{scan_name(data.scans.iloc[int(row)], int(row))}_reconstruction"
            image = chosen.decode(mean, condition=told)[0]
            # What a person was told by is the person's: the conditions stay out of the file.
            said = made_by(chosen, "reconstructed", settings={"recipe": data.recipe["name"]})
            names.append(save_image(image, data.grid, scratch / name, said).name)
    which = "" if args.split == "all" else f" of the split '{args.split}'"
    return {
        "files": [str(args.out / name) for name in names],
        "warnings": warnings,
        "lines": [f"{counted(len(names), chosen.grid.noun)}{which} reconstructed", written(names, args.out)],
    }
