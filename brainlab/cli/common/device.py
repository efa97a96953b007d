"""The flag of every command that runs a network."""

import argparse


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device`: where networks compute."""
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="auto takes a GPU where there is one (default)",
    )
