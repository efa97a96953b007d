"""The `brainlab` command. Each command is one small module with `add_arguments(parser)` and `run(args) -> dict`."""

import argparse
import errno
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from brainlab import __version__
from brainlab.cli.common.lines import print_lines
from brainlab.cli.common.signals import ended_by_signals, exit_code
from brainlab.errors import BrainlabError

COMMANDS = {
    "simulate": "write a simulated cohort as a BIDS dataset",
    "import-dicom": "write DICOM series as a BIDS dataset, without what says whose they are",
    "scans": "list the scans of a dataset or folder and what is odd about it, without preparing anything",
    "prepare": "register, skull-strip and downsample scans into a prepared dataset",
    "audit": "describe a prepared dataset and how well acquisition parameters alone predict its classes",
    "presets": "list what can be trained",
    "train": "train a generator",
    "cross-validate": "train and measure a translator on each fold of the participants",
    "train-tissue": "train a network that labels tissue, for features and regional anatomy",
    "keep-codes": "keep the codes of the people a run was trained on beside it",
    "sample": "generate images from a run",
    "reconstruct": "encode and decode the test scans of a prepared dataset",
    "translate": "make a sequence that was not taken from those that were",
    "saliency": "map on which of its inputs a translating run's error depends",
    "traverse": "decode a traversal of one latent dimension",
    "project": "find the styles of a style-based run whose images are nearest to given slices",
    "edit": "show scans as they would be with another age, class or sex, by a run that has learnt these",
    "provenance": "say what images that brainlab wrote tell of themselves: generated, simulated, by which run",
    "lda": "classify by LDA on a run's latent codes, with baselines",
    "evaluate": "evaluate a run against held-out scans",
    "compare": "compare two evaluated runs, each difference with its interval",
    "myelin": "measure loss and repair of myelin in lesions between two visits, from PET and from synthesised PET",
    "metrics": "compare generated with real images, both from files",
    "figures": "reproduce the figures of the papers and the IXI thesis from runs and cohorts",
    "tables": "rebuild the tables of the papers and the IXI thesis from runs and studies, the published ones beside",
    "study": "design, run and report a blinded reading study",
    "workspace": "back up a workspace (cohorts, runs, studies) to one file, and restore it",
    "app": "open the app in a browser",
    "demo": "set up the workspace of the app",
}
"""Command name to its one-line help. A command's module is imported only when it is called, so that help is quick."""

COHORT = ("simulate", "import-dicom", "scans", "prepare", "audit")
TRAINING = ("presets", "train", "cross-validate", "train-tissue", "keep-codes")
ROOMS = {
    **dict.fromkeys(COHORT, "cohort"),
    **dict.fromkeys(TRAINING, "training"),
    **dict.fromkeys(("figures", "tables"), "papers"),
    **dict.fromkeys(("translate", "saliency", "myelin"), "synthesis"),
}
"""Package of `brainlab.cli` in which a command's module lies; by default in that one itself."""

SYSTEM_ADVICE = {
    errno.ENOSPC: "free some and run again",
    errno.EDQUOT: "free some and run again",
    errno.EROFS: "choose a place that can be written to",
    errno.EACCES: "change the permissions or choose another place",
    errno.EPERM: "change the permissions or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""What to do about an error of the operating system."""


class _Parser(argparse.ArgumentParser):
    """argparse with errors on one line."""

    def error(self, message: str) -> NoReturn:
        print_lines([f"error: {message} (see '{self.prog} --help')"], sys.stderr)
        raise SystemExit(2)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 bad input, 130 interrupted, 143 asked to end by SIGTERM."""
    if sys.stderr is None:  # closed by whoever started us
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (until the process ends)
    if sys.stdout is None:  # before any work is done whose result would be lost
        print_lines(["error: standard output is closed; send it to a file or to /dev/null"], sys.stderr)
        return 2
    argv = sys.argv[1:] if argv is None else argv
    parser = _Parser(prog="brainlab", description="Generative models of brain MRI.")
    parser.add_argument("--version", action="version", version=f"brainlab {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    wanted = next((word for word in argv if not word.startswith("-")), "")
    modules = {}
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == wanted:
            module = ".".join(filter(None, [ROOMS.get(name), name.replace("-", "_")]))
            modules[name] = importlib.import_module(f"brainlab.cli.{module}")
            modules[name].add_arguments(command)
            _add_json_flag(command)
            called = command
    try:
        if wanted in modules and hasattr(modules[wanted], "add_settings"):
            modules[wanted].add_settings(called, argv[argv.index(wanted) + 1 :])
        args, unknown = parser.parse_known_args(argv)
        if unknown:
            called.error(f"unrecognized arguments: {' '.join(unknown)}")
        with ended_by_signals():
            return _report(modules[args.command].run(args), as_json=args.json)
    except BrainlabError as error:
        print_lines([f"error: {error}"], sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print("interrupted", file=sys.stderr)
        return exit_code(error)
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print_lines([f"error: {_system_error(error)}"], sys.stderr)
        return 2


def _system_error(error: OSError) -> str:
    """Return one line for what the operating system refused: where, what, what to do, and what is kept."""
    where = f"{error.filename}: " if error.filename else ""
    advice = SYSTEM_ADVICE.get(error.errno or 0)
    return "; ".join(filter(None, [f"{where}{error.strerror or error}", advice, *getattr(error, "__notes__", [])]))


def _add_json_flag(parser: argparse.ArgumentParser) -> None:
    """Give `--json` to a command, and to each of its own sub-commands."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else on stdout")
    for group in groups:
        for command in group.choices.values():
            _add_json_flag(command)


def _report(result: dict[str, Any], *, as_json: bool) -> int:
    """Print a command's result, or the lines under its `lines`; it may carry its own exit code under `exit_code`."""
    exit_code = int(result.pop("exit_code", 0))
    lines = result.pop("lines", None)
    if as_json:
        print(json.dumps(result, allow_nan=False))
    else:
        facts = (f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in result.items())
        print_lines(facts if lines is None else lines)
    sys.stdout.flush()
    return exit_code
