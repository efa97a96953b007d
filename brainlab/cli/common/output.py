"""The flag of every command that fills a folder with files."""

import argparse


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add `--overwrite`: replace files that an earlier call left in OUT."""
    parser.add_argument("--overwrite", action="store_true", help="replace what an earlier call wrote into OUT")
