"""`brainlab figures NAME... [--out DIR]`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device, runs_on
from brainlab.cli.common.progress import progress
from brainlab.workspace import IN_CHECKOUT, PROJECT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="flair, dwi or ixi for all figures of that paper, or one, such as flair-3, dwi-4 or ixi-3.13",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the figures (default: docs/figures/PAPER)")
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.figures.paper_figures import draw_figure, figure_names, paper_of

    pictures = (PROJECT if IN_CHECKOUT else Path()) / "docs" / "figures"
    with runs_on(args.device):
        files = [
            draw_figure(name, args.out or pictures / paper_of(name))
            for name in progress(figure_names(args.names), "Figures")
        ]
    return {"files": [str(path) for path in files]}
