"""`brainlab tables NAME... [--runs FOLDER...] [--study ID] [--records FOLDER...] [--out FOLDER]`.

Without a name, what there is.
"""

import argparse
from functools import cache
from pathlib import Path
from typing import Any

from brainlab.cli.common.listing import listed, refuse_without_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="tables, such as dwi-1; lists them where none is named"
    )
    parser.add_argument(
        "--runs",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="runs, or folders of runs (default: those that ship and those of the workspace)",
    )
    parser.add_argument("--study", metavar="ID", help="an unblinded reading study, for dwi-2")
    parser.add_argument(
        "--records",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="cross-validations and myelin reports, or folders of them (default: those that ship and those of the "
        "workspace)",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="also write each table as Markdown and as CSV")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.tables.registry import Sources, find_tables, refuse_unread, tables

    if not args.names:
        refuse_without_name(args, "tables", ("runs", "study", "records", "out"))
        described = {table.name: {"title": table.title, "source": table.source} for table in tables().values()}
        return {"tables": {}, "known": described, "lines": listed(described)}
    from brainlab.experiments.tables.records_at_hand import records_at_hand, reports_at_hand
    from brainlab.experiments.tables.runs_at_hand import runs_at_hand
    from brainlab.experiments.tables.written import text_lines, write_table
    from brainlab.files.folder_lock import places_in_use

    chosen = find_tables(args.names)
    refuse_unread(chosen, {"runs": args.runs, "study": args.study, "records": args.records})
    sources = Sources(
        runs=cache(lambda: runs_at_hand(args.runs)),
        study=args.study,
        records=cache(lambda: records_at_hand(args.records)),
        reports=cache(lambda: reports_at_hand(args.records)),
    )
    with places_in_use([args.out / table.name for table in chosen if args.out], "brainlab tables"):
        rebuilt = [(table, table.build(sources)) for table in chosen]
        files = [str(path) for table, found in rebuilt if args.out for path in write_table(table, found, args.out)]
    lines = [line for table, found in rebuilt for line in ("", *text_lines(table, found))][1:]  # parted by empty ones
    written = {"files": files} if args.out else {}
    return {"tables": {table.name: found.to_json() for table, found in rebuilt}, **written, "lines": lines}
