"""`brainlab figures NAME... [--records FOLDER...] [--data PREPARED...] [--out DIR]`; without a name, what there is."""

import argparse
from functools import cache
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
        help="flair, dwi or slice for all figures of that paper, ixi or wei for those of that thesis, or one, such as "
        "flair-3; lists them where none is named",
    )
    parser.add_argument(
        "--records",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="cross-validations and myelin reports, or folders of them, for figures of wei (default: those that ship "
        "and those of the workspace)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        default=[],
        metavar="PREPARED",
        help="the datasets that were cross-validated on, for figures of wei that show images",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the figures (default: the paper's in docs/figures)"
    )
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.figures.paper_figures import (
        FIGURES,
        Need,
        draw_figure,
        figure_names,
        paper_of,
        refuse_unread,
    )

    if not args.names:
        refuse_without_name(args, "figures", ("records", "data", "out"))
        described = {name: {"title": figure.title, "source": figure.source} for name, figure in FIGURES.items()}
        return {"files": [], "known": described, "lines": listed(described)}
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.tables.records_at_hand import records_at_hand, reports_at_hand
    from brainlab.files.folder_lock import places_in_use

    names = figure_names(args.names)
    refuse_unread(names, {"records": args.records, "data": args.data})
    given: dict[Need, Any] = {
        "records": cache(lambda: records_at_hand(args.records)),
        "reports": cache(lambda: reports_at_hand(args.records)),
        "data": cache(lambda: [PreparedDataset.open(folder) for folder in args.data]),
    }
    pictures = (PROJECT if IN_CHECKOUT else Path()) / "docs" / "figures"
    folders = {name: args.out or pictures / paper_of(name) for name in names}
    with runs_on(args.device), places_in_use([folders[name] / name for name in names], "brainlab figures"):
        files = [draw_figure(name, folders[name], given) for name in progress(names, "Figures")]
    return {"files": [str(path) for path in files], "lines": [*map(str, files)]}
