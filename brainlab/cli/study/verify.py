"""`brainlab study verify STUDY`: check the integrity of the databases."""

import argparse
from dataclasses import asdict
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.record import integrity

SUMMARY = "check the integrity of the databases"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    verdict = integrity.verify(folder_of(args))
    return {**asdict(verdict), "exit_code": 0 if verdict.ok else 1}
