"""`brainlab sample RUN OUT --n N --seed S`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.experiments.export import save_image
from brainlab.experiments.runs import load_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for NIfTI (volumes) or PNG (slices)")
    parser.add_argument("--n", type=int, default=8, help="number of images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--truncation", type=float, default=1.0, help="standard deviation of the codes (default 1)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    chosen = load_run(args.run_folder)
    _, images = chosen.sample(args.n, args.seed, args.truncation)
    files = [save_image(image, chosen.affine, args.out / f"sample-{i:04d}") for i, image in enumerate(images)]
    return {"files": [str(path) for path in files]}
