"""`brainlab project RUN SRC OUT`."""

import argparse
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.cohort.sources.image_files import is_prepared_dataset
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.images.formats.scan_file import SLICE_ENDINGS
from brainlab.ranges import number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument(
        "source",
        type=Path,
        metavar="SRC",
        help=f"prepared dataset, or one slice or a folder of them ({', '.join(SLICE_ENDINGS)})",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for PNG and the styles (.npy, one row a level)")
    parser.add_argument(
        "--split", choices=["test", "train", "all"], help="which scans of a prepared dataset (default: test)"
    )
    parser.add_argument(
        "--space", choices=["w", "w+"], help="one style for all levels (w), or one for each (w+; default: w)"
    )
    parser.add_argument("--steps", type=number("steps", int), help="steps of Adam (default 200)")
    parser.add_argument(
        "--learning-rate",
        type=number("learning_rate", float),
        help="of Adam, in units of the spread of the run's styles (default 0.1)",
    )
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from brainlab.config import apply_flags
    from brainlab.experiments.analysis.style_projection import project_images, style_space, targets
    from brainlab.experiments.export import save_image, whole_folder
    from brainlab.latent.styles.projection import ProjectionSettings
    from brainlab.runs.image_provenance import made_by
    from brainlab.runs.run import PART, load_run

    chosen, settings = load_run(args.run_folder, args.device), apply_flags(ProjectionSettings(), args)
    space = style_space(chosen)
    found = targets(chosen, args.source, None if args.split == "all" else args.split or "test")
    if args.split is not None and not is_prepared_dataset(args.source):
        raise InputError(f"--split {args.split}: needs a prepared dataset, got files in {args.source}; leave it out")
    files: list[str] = []
    errors: list[float] = []
    warnings: list[str] = []
    with whole_folder(args.out, "brainlab project", overwrite=args.overwrite) as scratch:
        for start in range(0, len(found.names), PART):
            part = slice(start, start + PART)
            names, origins = found.names[part], found.origins(part)
            images, notes = found.read(part)
            warnings += notes
            which = f"Projecting {start + 1} to {start + len(names)} of {len(found.names)}"
            projection = project_images(chosen, images, space, settings, partial(_watched, which))
            made = chosen.from_styles(projection.styles)
            each = zip(names, images, origins, made, projection.styles, strict=True)
            for name, image, origin, projected, styles in each:
                told = {"space": settings.space, "steps": settings.steps, "learning_rate": settings.learning_rate}
                pictures = {
                    "target": (image, origin),
                    "projection": (projected, made_by(chosen, "reconstructed", code=styles, settings=told)),
                    "difference": ((1 + projected - image) / 2, made_by(chosen, "difference", settings=told)),
                }
                files += [
                    save_image(shown, chosen.grid, scratch / f"{name}_{kind}", said).name
                    for kind, (shown, said) in pictures.items()
                ]
                np.save(scratch / f"{name}_styles.npy", styles)
                files.append(f"{name}_styles.npy")
            errors += projection.mse.tolist()
    said = (
        f"{counted(len(errors), chosen.grid.noun)} projected into {settings.space}, mean squared error "
        f"{np.mean(errors):.4g} ({min(errors):.4g} to {max(errors):.4g})"
    )
    return {
        "files": [str(args.out / name) for name in files],
        "mse": float(np.mean(errors)),
        "mse_per_image": errors,
        "warnings": warnings,
        "lines": [*(f"warning  {warning}" for warning in warnings), said, written(files, args.out)],
    }


def _watched(which: str, steps: Iterable[Any], _: str, total: int) -> Iterator[Any]:
    """Show the steps of one part."""
    return progress(steps, which, total)
