"""`brainlab study restore FILE.tar`: bring a study back from a backup."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.reading.desk.backup import restore_study

SUMMARY = "restore a study from a backup; an existing study is moved aside"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", type=Path, metavar="FILE.tar")


def run(args: argparse.Namespace) -> dict[str, Any]:
    restored = restore_study(args.backup)
    return {
        "study": restored.study,
        "state": restored.state,
        "answers": restored.verdict.answers,
        "head": restored.verdict.head,
        "replaced": str(restored.replaced) if restored.replaced else None,
    }
