"""`brainlab study create PROTOCOL.json`: create a draft from a protocol, or print a preset."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.errors import InputError
from brainlab.files.textfile import read_text
from brainlab.reading.desk.lifecycle import create_study, load_protocol, study_folder
from brainlab.reading.protocol.design import Protocol, new_seed, preset

SUMMARY = "create a draft from a protocol, or print a preset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("protocol", nargs="?", type=Path, metavar="PROTOCOL.json")
    parser.add_argument("--preset", help="print this protocol instead: dwi-2020")
    parser.add_argument("--copy", metavar="STUDY", help="copy the protocol of this study, with a new seed and no names")


def run(args: argparse.Namespace) -> dict[str, Any]:
    sources = {"PROTOCOL.json": args.protocol, "--copy STUDY": args.copy, "--preset NAME": args.preset}
    if len(given := [name for name, value in sources.items() if value is not None]) > 1:
        raise InputError(f"study create: needs one of {', '.join(sources)}, got {' and '.join(given)}")
    if args.preset is not None:
        protocol = preset(args.preset)
        return {**protocol.to_values(), "lines": protocol.to_json().split("\n")}
    if args.copy is not None:
        return _draft(load_protocol(study_folder(args.copy)).again(new_seed()))
    if args.protocol is None:
        raise InputError("study create: needs PROTOCOL.json, got nothing; print one with --preset dwi-2020")
    return _draft(Protocol.from_json(read_text(args.protocol)))


def _draft(protocol: Protocol) -> dict[str, Any]:
    """Make a study whose sources all open."""
    from brainlab.experiments.studies.locking import open_sources

    open_sources(protocol)
    return {"study": create_study(protocol), "state": "draft"}
