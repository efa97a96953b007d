"""The argument by which a step names its study."""

import argparse
from pathlib import Path

from brainlab.reading.desk.lifecycle import study_folder


def add_study(parser: argparse.ArgumentParser) -> None:
    """Add the id of a study as the next positional argument."""
    parser.add_argument("study", help="id of the study")


def folder_of(args: argparse.Namespace) -> Path:
    """Return the folder of the study that was named; raises InputError when there is none."""
    return study_folder(args.study)
