"""`brainlab keep-codes RUN --data PREPARED`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.progress import progress
from brainlab.counted import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("--data", type=Path, required=True, metavar="PREPARED", help="the dataset it was trained on")
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.analysis.training_people import keep_training_codes
    from brainlab.runs.run import load_run
    from brainlab.runs.training_codes import read_training_codes

    chosen = load_run(args.run_folder, args.device)
    path = keep_training_codes(chosen, PreparedDataset.open(args.data), progress)
    kept = read_training_codes(chosen)
    people = len(kept) if kept is not None else 0
    return {
        "people": people,
        "file": str(path),
        "bytes": path.stat().st_size,
        "lines": [
            f"codes of {counted(people, 'person', 'people')} kept in {path} ({path.stat().st_size / 1e6:.1f} MB)"
        ],
    }
