"""`brainlab figures NAME... [--out DIR]`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.progress import progress
from brainlab.experiments.figures.paper_figures import FIGURES, draw_figure, figure_names, paper_of
from brainlab.workspace import IN_CHECKOUT, PROJECT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help=f"flair for all figures of the FLAIR paper, or {', '.join(FIGURES)}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the figures (default: docs/figures/PAPER)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    pictures = (PROJECT if IN_CHECKOUT else Path()) / "docs" / "figures"
    files = [
        draw_figure(name, args.out or pictures / paper_of(name))
        for name in progress(figure_names(args.names), "Figures")
    ]
    return {"files": [str(path) for path in files]}
