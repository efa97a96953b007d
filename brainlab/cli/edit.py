"""`brainlab edit RUN SRC OUT --set age_years=80 class=ms [--own class=healthy] [--guidance G]`."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.lines import warn
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.images.formats.scan_file import SLICE_ENDINGS
from brainlab.ranges import number

if TYPE_CHECKING:
    from brainlab.images.provenance import Provenance
    from brainlab.methods.conditions import Told
    from brainlab.runs.run import Run
    from brainlab.types import Float32Array


@dataclass(frozen=True, kw_only=True)
class Scans:
    """What is edited, read one by one.

    count: how many. read: the name of each one's files, its image [1, C, *shape], what it shows, where it comes from.
    warnings: a line each.
    """

    count: int
    read: "Iterator[tuple[str, Float32Array, Told, Provenance]]"
    warnings: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument(
        "source",
        type=Path,
        metavar="SRC",
        help=f"prepared dataset, one head as NIfTI, or for a run of slices one slice ({', '.join(SLICE_ENDINGS)})",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for NIfTI (volumes) or PNG (slices)")
    parser.add_argument(
        "--set",
        nargs="+",
        required=True,
        metavar="NAME=VALUE",
        help="what each scan is to show instead, such as age_years=80 class=ms; the rest stays as it is",
    )
    parser.add_argument(
        "--own",
        nargs="+",
        metavar="NAME=VALUE",
        help="what the scan of a file shows; of a prepared dataset its table tells it. The rest is not told",
    )
    parser.add_argument(
        "--guidance",
        type=number("guidance", float),
        default=1.0,
        help="how strongly: 1 makes the change as it was learnt, more exaggerates it (default 1)",
    )
    parser.add_argument(
        "--split", choices=["test", "train", "all"], help="which scans of a prepared dataset (default: test)"
    )
    parser.add_argument(
        "--in-template-space",
        action="store_true",
        help="the head of a file is skull-stripped and in MNI space already: skip registration",
    )
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from brainlab.evaluation.metrics.fidelity import mean_squared_error
    from brainlab.experiments.analysis.counterfactual import counterfactual, edit_in_words
    from brainlab.experiments.export import save_image, whole_folder
    from brainlab.methods.conditions import condition_warnings, parse_told, read_told
    from brainlab.runs.image_provenance import edited_by, made_by
    from brainlab.runs.run import load_run

    chosen = load_run(args.run_folder, args.device)
    changes = read_told(chosen.conditions, parse_told(args.set, "--set"))
    found = _scans(chosen, args)
    warnings = [*found.warnings, *condition_warnings(chosen.conditions, changes)]
    warn(warnings)
    files: list[str] = []
    edits: list[str] = []
    errors: list[float] = []
    with whole_folder(args.out, "brainlab edit", overwrite=args.overwrite) as scratch:
        for name, image, own, origin in progress(found.read, "Editing", found.count):
            made = counterfactual(chosen, image, own, changes, args.guidance)
            edited = edited_by(chosen, own, {**own, **changes}, args.guidance)
            shown = {
                "original": (image[0, 0], origin),
                "reconstruction": (made.reconstruction[0], made_by(chosen, "reconstructed")),
                "edited": (made.edited[0], edited),
                # A picture has no values below 0: no difference is its middle grey.
                "difference": (
                    made.difference[0] if chosen.grid.plane is None else (1 + made.difference[0]) / 2,
                    made_by(chosen, "difference", settings=edited.settings),
                ),
            }
            for kind, (each, said) in shown.items():
                files.append(save_image(each, chosen.grid, scratch / f"{name}_{kind}", said).name)
            edits.append(f"{name}: {edit_in_words(own, changes)}")
            errors.append(float(mean_squared_error(made.reconstruction, image[:, 0])[0]))
    error = float(np.mean(errors))
    summary = f"{counted(len(edits), chosen.grid.noun)} edited, mean squared error of the reconstruction {error:.4g}"
    return {
        "files": [str(args.out / name) for name in files],
        "edits": edits,
        "mse": error,
        "mse_per_image": errors,
        "warnings": warnings,
        "lines": [*edits, summary, written(files, args.out)],
    }


def _scans(chosen: "Run", args: argparse.Namespace) -> Scans:
    """Find what is edited. Raises InputError where there is nothing, or a flag that has no part in it."""
    from brainlab.cohort.sources.image_files import is_prepared_dataset

    if is_prepared_dataset(args.source):
        if args.own is not None:
            raise InputError(f"--own: needs a file, got the prepared dataset {args.source}, whose table tells it")
        if args.in_template_space:
            raise InputError(f"--in-template-space: needs a file, got the prepared dataset {args.source}; leave it out")
        return _of_dataset(chosen, args.source, None if args.split == "all" else args.split or "test")
    if args.split is not None:
        raise InputError(f"--split {args.split}: needs a prepared dataset, got {args.source}; leave it out")
    return _of_file(chosen, args.source, args.own or [], in_template_space=args.in_template_space)


def _of_dataset(chosen: "Run", source: Path, split: str | None) -> Scans:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.export import scan_name
    from brainlab.runs.encodings import see_to_encode
    from brainlab.runs.image_provenance import of_scan
    from brainlab.runs.matching.own_conditions import own_condition_warnings, own_conditions
    from brainlab.runs.matching.own_recipe import own_recipe_warning

    data = see_to_encode(chosen, PreparedDataset.open(source))
    rows = data.indices(split)
    if not len(rows):
        raise InputError(f"{data.folder}: no {chosen.grid.noun}s in the split '{split}'; choose another with --split")
    unlike = own_recipe_warning(chosen, data)

    def read() -> "Iterator[tuple[str, Float32Array, Told, Provenance]]":
        for row in rows:
            one = rows[rows == row]
            (own,) = own_conditions(chosen, data, one) or [{}]
            yield scan_name(data.scans.iloc[int(row)], int(row)), data.batch(one), own, of_scan(data, int(row))

    warnings = [*([unlike] if unlike else []), *own_condition_warnings(chosen, data, rows)]
    return Scans(count=len(rows), read=read(), warnings=warnings)


def _of_file(chosen: "Run", source: Path, words: list[str], *, in_template_space: bool) -> Scans:
    from brainlab.cohort.sources.image_files import file_stem
    from brainlab.experiments.analysis.images_of_file import read_images
    from brainlab.images.provenance_files import origin_of
    from brainlab.methods.conditions import condition_warnings, parse_told, read_told

    own = read_told(chosen.conditions, parse_told(words, "--own"))
    channels = chosen.generator.sample_shape[0]
    if channels != 1:
        raise InputError(f"{chosen.name}: needs {channels} channels, got one file; give a prepared dataset")
    found = read_images(chosen, source, in_template_space=in_template_space)
    stem = file_stem(source.name)
    names = [f"{stem}_slice-{k}" for k in found.numbers] or [stem]
    told = _with_numbers(own, found.numbers, [one.name for one in chosen.conditions])
    warnings = [f"{source}: {note}" for note in found.notes]
    for each in told[:1]:
        warnings += condition_warnings(chosen.conditions, each)
    untold = [one.name for one in chosen.conditions if told[0].get(one.name) is None]
    if untold:
        warnings.append(f"{', '.join(untold)}: what {source} shows is not told; give it with --own")
    images = found.data[:, None, None]  # [n, 1, 1, *shape]
    origins = [origin_of(source)] * len(names)
    return Scans(count=len(names), read=zip(names, images, told, origins, strict=True), warnings=warnings)


def _with_numbers(own: "Told", numbers: tuple[int, ...], names: list[str]) -> "list[Told]":
    """Return what each slice of a file shows: of a whole head its own number, too, where the run has learnt it."""
    from brainlab.cohort.views import SLICE

    if SLICE not in names or not numbers:
        return [own] * max(1, len(numbers))
    if SLICE in own:
        raise InputError(f"--own: {SLICE} is known of each slice of a whole head; leave it out")
    return [{**own, SLICE: float(k)} for k in numbers]
