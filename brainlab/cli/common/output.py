"""The flag of every command that fills a folder with files, and the line that says where these are."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from brainlab.counted import counted


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add `--overwrite`: replace files that an earlier call left in OUT."""
    parser.add_argument("--overwrite", action="store_true", help="replace what an earlier call wrote into OUT")


def written(names: Sequence[str], out: Path) -> str:
    """Return how many files lie in a folder now, and what they are called."""
    first = f"{names[0]} to {names[-1]}" if len(names) > 1 else "".join(names)
    return f"{counted(len(names), 'file')} written to {out}: {first}"
