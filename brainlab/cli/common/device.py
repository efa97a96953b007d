"""The flag of every command that runs a network."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device`: where networks compute."""
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto takes a GPU where there is one (default)",
    )


@contextmanager
def runs_on(device: str) -> Iterator[None]:
    """Open the runs that a command finds by itself on a device."""
    before = os.environ.get("BRAINLAB_DEVICE")
    os.environ["BRAINLAB_DEVICE"] = device
    try:
        yield
    finally:
        del os.environ["BRAINLAB_DEVICE"]
        if before is not None:
            os.environ["BRAINLAB_DEVICE"] = before
