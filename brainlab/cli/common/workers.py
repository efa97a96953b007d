"""The flags of every command whose tasks others can do."""

import argparse

from brainlab.workers.workers import Workers


def add_workers(parser: argparse.ArgumentParser, *, rounding: bool = False) -> None:
    """Add `--jobs` and `--scheduler`. rounding: whether the result depends on how many threads each process has."""
    but = ", but for rounding" if rounding else ""
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="J",
        help=f"processes; the result does not depend on them{but} (default: 1)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDR",
        help="address of a Dask scheduler whose workers do the work instead (docs/several-machines.md)",
    )


def workers_of(args: argparse.Namespace) -> Workers:
    """Return who is to do the work. Raises InputError where both flags are given, or jobs are fewer than 1."""
    return Workers(args.jobs, args.scheduler)
