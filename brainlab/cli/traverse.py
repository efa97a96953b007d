"""`brainlab traverse RUN --dim K --values a b c OUT`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.output import add_overwrite, written
from brainlab.errors import InputError
from brainlab.ranges import number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("--dim", type=number("dim", int), required=True, help="latent dimension, counted from 0")
    # A list of values would swallow OUT behind it, so OUT is taken from its end.
    parser.add_argument(
        "--values", nargs="+", required=True, metavar="VALUE", help="values of the dimension; all others are 0"
    )
    parser.add_argument("out", type=Path, nargs="?", metavar="OUT", help="folder for the film-strip and the images")
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from brainlab.experiments.export import save_image, save_picture, whole_folder
    from brainlab.images.pictures import film_strip
    from brainlab.runs.image_provenance import made_by
    from brainlab.runs.run import load_run

    words = list(args.values)
    out = args.out or Path(words.pop())
    try:
        values = [number("value", float)(word) for word in words]
    except argparse.ArgumentTypeError as error:
        raise InputError(f"--values: {error}") from error
    if not values:
        raise InputError("--values: needs one number or more before OUT, got none")
    names = [f"dim-{args.dim}_value-{value:g}" for value in values]
    if len(set(names)) < len(names):
        raise InputError(f"--values: needs values that differ in their first six digits, got {' '.join(words)}")
    chosen = load_run(args.run_folder, args.device)
    chosen.require("walk")
    if not 0 <= args.dim < chosen.latent_dim:
        raise InputError(f"--dim: needs 0 to {chosen.latent_dim - 1} for {chosen.preset}, got {args.dim}")
    codes = np.zeros((len(values), chosen.latent_dim), dtype=np.float32)
    codes[:, args.dim] = values
    images = chosen.decode(codes)
    said = [
        made_by(chosen, code=code, settings={"dimension": args.dim, "value": value})
        for code, value in zip(codes, values, strict=True)
    ]
    with whole_folder(out, "brainlab traverse", overwrite=args.overwrite) as scratch:
        strip = save_picture(film_strip(images, chosen.grid, zoom=3), scratch / f"dim-{args.dim}", said)
        each = zip(images, names, said, strict=True)
        files = [strip, *(save_image(image, chosen.grid, scratch / name, own) for image, name, own in each)]
    done = f"dimension {args.dim} decoded at {', '.join(f'{value:g}' for value in values)}; film-strip {files[0].name}"
    return {
        "dim": args.dim,
        "values": values,
        "files": [str(out / path.name) for path in files],
        "lines": [done, written([path.name for path in files], out)],
    }
