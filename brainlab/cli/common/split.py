"""Which scans of a prepared dataset a translating run takes."""

import argparse

SPLITS = ("held-out", "test", "train", "all")


def add_split(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --split. what: the beginning of its help."""
    parser.add_argument(
        "--split",
        choices=SPLITS,
        help=f"{what}; held-out: of people that the run was not trained on (default: test, and held-out where the run "
        "held out a fold of this dataset)",
    )
