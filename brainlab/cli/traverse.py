"""`brainlab traverse RUN --dim K --values a b c OUT`."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.experiments.export import save_image
from brainlab.experiments.runs import load_run
from brainlab.pictures import film_strip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("--dim", type=int, required=True, help="latent dimension, counted from 0")
    # A list of values would swallow OUT behind it, so OUT is taken from its end.
    parser.add_argument("--values", nargs="+", required=True, metavar="VALUE", help="values of it; all others are 0")
    parser.add_argument("out", type=Path, nargs="?", metavar="OUT", help="folder for the film-strip and the images")


def run(args: argparse.Namespace) -> dict[str, Any]:
    words = list(args.values)
    out = args.out or Path(words.pop())
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise InputError(f"--values: needs numbers, got {' '.join(words)}") from error
    if not values:
        raise InputError("--values: needs one number or more before OUT, got none")
    chosen = load_run(args.run_folder)
    if not 0 <= args.dim < chosen.latent_dim:
        raise InputError(f"--dim: needs 0 to {chosen.latent_dim - 1} for {chosen.preset}, got {args.dim}")
    codes = np.zeros((len(values), chosen.latent_dim), dtype=np.float32)
    codes[:, args.dim] = values
    images = chosen.decode(codes)
    out.mkdir(parents=True, exist_ok=True)
    strip = out / f"dim-{args.dim}.png"
    film_strip(images, zoom=3).save(strip)
    names = [f"dim-{args.dim}_value-{value:g}" for value in values]
    files = [strip, *(save_image(image, chosen.affine, out / name) for name, image in zip(names, images, strict=True))]
    return {"dim": args.dim, "values": values, "files": [str(path) for path in files]}
