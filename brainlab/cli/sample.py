"""`brainlab sample RUN OUT --n N --seed S`."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.output import add_overwrite
from brainlab.cli.common.progress import progress
from brainlab.ranges import number

if TYPE_CHECKING:
    from brainlab.runs.run import Run
    from brainlab.types import Float32Array


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for NIfTI (volumes) or PNG (slices)")
    parser.add_argument("--n", type=number("n", int), default=8, help="number of images")
    parser.add_argument("--seed", type=number("seed", int), default=0)
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
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.export import refuse_beyond_disk, save_image, whole_folder
    from brainlab.runs.run import PART, load_run

    chosen = load_run(args.run_folder, args.device)
    parts = _drawn(chosen, args)
    names: list[str] = []
    with whole_folder(args.out, "brainlab sample", overwrite=args.overwrite) as scratch:
        for image in progress((image for part in parts for image in part), "Sampling", args.n):
            names.append(save_image(image, chosen.grid, scratch / f"sample-{len(names):04d}").name)
            if len(names) == PART:
                refuse_beyond_disk(scratch, len(names), args.n)
    return {"files": [str(args.out / name) for name in names]}


def _drawn(chosen: "Run", args: argparse.Namespace) -> "Iterator[Float32Array]":
    """Return the images in parts, from the prior or from a Gaussian fitted to codes."""
    if args.codes_of is None:
        return (images for _, images in chosen.sample_in_parts(args.n, args.seed, args.truncation))
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.latent.density import LatentGaussian
    from brainlab.runs.encodings import encode_dataset

    data = PreparedDataset.open(args.codes_of)
    codes = encode_dataset(chosen, data, progress).mean[data.indices("train")]
    fitted = LatentGaussian().fit(codes)
    return (chosen.decode(part) for part in fitted.sample_in_parts(args.n, args.seed, args.truncation))
