"""`brainlab sample RUN OUT --n N --seed S`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.progress import progress
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.encodings import encode_dataset
from brainlab.experiments.export import save_image
from brainlab.experiments.runs import load_run
from brainlab.latent.density import LatentGaussian


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for NIfTI (volumes) or PNG (slices)")
    parser.add_argument("--n", type=int, default=8, help="number of images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--truncation", type=float, default=1.0, help="factor on the spread of the codes (default 1)")
    parser.add_argument(
        "--codes-of",
        type=Path,
        metavar="PREPARED",
        help="draw codes from a Gaussian fitted to those of this dataset's training split, not from the prior",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    chosen = load_run(args.run_folder)
    if args.n < 1:
        raise InputError(f"--n: needs 1 or more, got {args.n}")
    if not 0 <= args.seed < 2**32:
        raise InputError(f"--seed: needs 0 to {2**32 - 1}, got {args.seed}")
    if args.codes_of is None:
        _, images = chosen.sample(args.n, args.seed, args.truncation)
    else:
        data = PreparedDataset.open(args.codes_of)
        codes = encode_dataset(chosen, data, progress).mean[data.indices("train")]
        images = chosen.decode(LatentGaussian().fit(codes).sample(args.n, args.seed, args.truncation))
    files = [save_image(image, chosen.affine, args.out / f"sample-{i:04d}") for i, image in enumerate(images)]
    return {"files": [str(path) for path in files]}
