"""`brainlab metrics A B`: measure generated images against real ones; `brainlab metrics --list`: what is measured."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.scores import score_lines
from brainlab.errors import InputError
from brainlab.ranges import number

IMAGES = "a .npy array [n, X, Y] or [n, X, Y, Z] in [0, 1], or a folder of PNG or NIfTI images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("generated", type=Path, nargs="?", metavar="A", help=f"generated images: {IMAGES}")
    parser.add_argument("real", type=Path, nargs="?", metavar="B", help="real images; of A's number they are its pairs")
    parser.add_argument("--seed", type=number("seed", int), help="of the machine reader and other draws (default 0)")
    parser.add_argument("--list", action="store_true", help="list every metric and what it needs, and measure nothing")


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.list:
        given = {"A": args.generated, "--seed": args.seed}
        if unread := [name for name, value in given.items() if value is not None]:
            raise InputError(f"metrics --list: measures nothing, got {unread[0]}; leave it out, or --list")
        return _described()
    if args.generated is None or args.real is None:
        raise InputError("metrics: needs two sets of images, A and B; or list what is measured with --list")
    from brainlab.experiments.evaluation.set_metrics import compare_sets

    result = compare_sets(args.generated, args.real, seed=args.seed or 0)
    return {**result, "lines": score_lines(result)}


def _described() -> dict[str, Any]:
    from brainlab.evaluation.registry import metrics

    found = [metric.to_json() for metric in metrics().values()]
    lines = [
        f"{entry['name']}: {entry['title']}; better: {entry['better']}; needs {', '.join(entry['needs'])}\n"
        f"    {entry['definition']}{_source(entry['source'])}"
        for entry in found
    ]
    return {"metrics": found, "lines": lines}


def _source(source: str) -> str:
    return f" ({source})" if source else ""
