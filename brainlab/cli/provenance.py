"""`brainlab provenance FILE...`: what images say of themselves, in their headers or in the JSON beside them."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="NIfTI, PNG or GIF")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.images.provenance import statement_of
    from brainlab.images.provenance_files import json_lines, read_provenance

    found = {path: read_provenance(path) for path in args.files}
    lines = []
    for path, said in found.items():
        lines.append(f"{path}: {statement_of(said) if said else 'does not say where it comes from'}")
        lines += json_lines(said).rstrip().split("\n") if said else []
    return {
        "files": [{"path": str(path), "images": [one.as_json() for one in said]} for path, said in found.items()],
        "lines": lines,
    }
