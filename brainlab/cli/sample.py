"""`brainlab sample RUN OUT --n N --seed S [--condition class=ms age_years=60]`."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.lines import warn
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.ranges import number

if TYPE_CHECKING:
    from brainlab.runs.run import Run
    from brainlab.types import Float32Array


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for NIfTI (volumes) or PNG (slices)")
    parser.add_argument("--n", type=number("n", int), default=8, help="number of images (default 8)")
    parser.add_argument("--seed", type=number("seed", int), default=0, help="of the draw (default 0)")
    parser.add_argument(
        "--truncation",
        type=number("truncation", float),
        default=1.0,
        help="standard deviation of the sampled codes (default 1)",
    )
    parser.add_argument(
        "--codes-of",
        type=Path,
        metavar="PREPARED",
        help="draw codes from a Gaussian fitted to those of this dataset's training split, not from the prior",
    )
    parser.add_argument(
        "--condition",
        nargs="+",
        metavar="NAME=VALUE",
        help="what all images are to show, such as class=ms age_years=60; the rest is not told",
    )
    parser.add_argument(
        "--guidance",
        type=number("guidance", float),
        default=1.0,
        help="how strongly: 1 follows the condition as it was learnt, more exaggerates it (default 1)",
    )
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.export import refuse_beyond_disk, save_image, whole_folder
    from brainlab.methods.conditions import condition_warnings, parse_told
    from brainlab.runs.image_provenance import made_by
    from brainlab.runs.matching.own_recipe import own_recipe_warning
    from brainlab.runs.run import PART, load_run

    chosen = load_run(args.run_folder, args.device)
    asked = None if args.condition is None else parse_told(args.condition, "--condition")
    warnings = [] if asked is None else condition_warnings(chosen.conditions, asked)
    if args.codes_of and (unlike := own_recipe_warning(chosen, PreparedDataset.open(args.codes_of))):
        warnings.append(unlike)
    warn(warnings)
    settings = {
        "n": args.n,
        "truncation": args.truncation,
        "codes": "a Gaussian fitted to a dataset's codes" if args.codes_of else "the prior",
        **({} if asked is None else {"condition": asked, "guidance": args.guidance}),
    }
    parts = _drawn(chosen, args, asked)
    names: list[str] = []
    with whole_folder(args.out, "brainlab sample", overwrite=args.overwrite) as scratch:
        for image in progress((image for part in parts for image in part), "Sampling", args.n):
            said = made_by(chosen, seed=args.seed, draw=len(names), settings=settings)
            names.append(save_image(image, chosen.grid, scratch / f"sample-{len(names):04d}", said).name)
            if len(names) == PART:
                refuse_beyond_disk(scratch, len(names), args.n)
    return {
        "files": [str(args.out / name) for name in names],
        **({"warnings": warnings} if asked is not None or warnings else {}),
        "lines": [written(names, args.out)],
    }


def _drawn(chosen: "Run", args: argparse.Namespace, asked: dict[str, str] | None) -> "Iterator[Float32Array]":
    """Return the images in parts, from the prior or from a Gaussian fitted to codes."""
    if args.codes_of is None:
        parts = chosen.sample_in_parts(args.n, args.seed, args.truncation, condition=asked, guidance=args.guidance)
        return (images for _, images in parts)
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.latent.density import LatentGaussian
    from brainlab.runs.encodings import encode_dataset

    data = PreparedDataset.open(args.codes_of)
    codes = encode_dataset(chosen, data, progress).mean[data.indices("train")]
    fitted = LatentGaussian().fit(codes)
    drawn = fitted.sample_in_parts(args.n, args.seed, args.truncation)
    return (chosen.decode(part, condition=asked, guidance=args.guidance) for part in drawn)
