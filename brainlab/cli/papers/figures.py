"""`brainlab figures NAME... [--out DIR]`; without a name, what there is."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device, runs_on
from brainlab.cli.common.listing import listed, refuse_without_name
from brainlab.cli.common.progress import progress
from brainlab.workspace import IN_CHECKOUT, PROJECT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="flair, dwi or slice for all figures of that paper, ixi for those of that thesis, or one, such as "
        "flair-3; lists them where none is named",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the figures (default: the paper's in docs/figures)"
    )
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.figures.paper_figures import FIGURES, draw_figure, figure_names, paper_of

    if not args.names:
        refuse_without_name(args, "figures", ("out",))
        described = {name: {"title": figure.title, "source": figure.source} for name, figure in FIGURES.items()}
        return {"files": [], "known": described, "text": listed(described)}

    pictures = (PROJECT if IN_CHECKOUT else Path()) / "docs" / "figures"
    with runs_on(args.device):
        files = [
            draw_figure(name, args.out or pictures / paper_of(name))
            for name in progress(figure_names(args.names), "Figures")
        ]
    return {"files": [str(path) for path in files], "text": "\n".join(map(str, files))}
