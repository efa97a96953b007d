"""`brainlab study`: design, run and report a blinded reading study. Each step is one small module.

A step has `SUMMARY`, `add_arguments(parser)` and `run(args) -> dict`; what takes long to import it imports in `run`.
"""

import argparse
import importlib
from typing import Any

STEPS = (
    "plan",
    "create",
    "lock",
    "links",
    "withdraw",
    "status",
    "close",
    "unblind",
    "classify",
    "report",
    "export",
    "verify",
    "backup",
    "restore",
    "stats",
)
"""In the order in which a study takes them; each is the name of its module."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare one sub-command for every step of a study."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True, parser_class=type(parser))
    for name in STEPS:
        module = importlib.import_module(f"{__name__}.{name}")
        step = steps.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        step.set_defaults(do=module.run)
        module.add_arguments(step)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Do one step of a study."""
    result: dict[str, Any] = args.do(args)
    return result
