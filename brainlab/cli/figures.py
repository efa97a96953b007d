"""`brainlab figures NAME... [--out DIR]`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.progress import progress
from brainlab.experiments.paper_figures import FIGURES, draw_figure, figure_names
from brainlab.workspace import PROJECT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help=f"flair for all figures of the FLAIR paper, or {', '.join(FIGURES)}"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the pictures (default: the project's docs/figures/flair)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    out = args.out or PROJECT / "docs" / "figures" / "flair"
    names = figure_names(args.names)
    return {"files": [str(draw_figure(name, out)) for name in progress(names, "Figures", len(names))]}
