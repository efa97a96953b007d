"""`brainlab workspace backup --out FILE.tar` and `restore FILE.tar FOLDER`: cohorts, runs and studies in one file."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True, parser_class=type(parser))
    backup = steps.add_parser("backup", help="write the workspace to one file, also while it is used")
    truth = "holds the truth of studies: never give it to a reader"
    backup.add_argument("--out", required=True, type=Path, metavar="FILE.tar", help=truth)
    backup.add_argument(
        "--without-cohorts", action="store_true", help="leave prepared datasets out: they can be prepared again"
    )
    backup.set_defaults(do=_backup)
    restore = steps.add_parser("restore", help="bring a workspace back into a new or empty folder")
    restore.add_argument("backup", type=Path, metavar="FILE.tar")
    restore.add_argument("folder", type=Path, metavar="FOLDER", help="new or empty")
    restore.set_defaults(do=_restore)


def run(args: argparse.Namespace) -> dict[str, Any]:
    result: dict[str, Any] = args.do(args)
    return result


def _backup(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.workspace_backup import backup_workspace

    done = backup_workspace(
        args.out, cohorts=not args.without_cohorts, show=lambda paths, total: progress(paths, "files", total)
    )
    return {
        "files": [str(args.out)],
        "studies": done.studies,
        "runs": done.runs,
        "cohorts": done.cohorts,
        "kept": done.files,
        "bytes": done.bytes,
    }


def _restore(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.workspace_backup import restore_workspace

    restored = restore_workspace(args.backup, args.folder)
    return {
        "workspace": str(args.folder.resolve()),
        "studies": [
            {"study": one.study, "state": one.state, "answers": one.verdict.answers, "head": one.verdict.head}
            for one in restored
        ],
    }
