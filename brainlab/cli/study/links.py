"""`brainlab study links STUDY`: make, replace or end the readers' personal links."""

import argparse
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.errors import InputError
from brainlab.ranges import flag
from brainlab.reading.desk.lifecycle import issue_links, revoke_link
from brainlab.reading.record.tokens import LOCAL_APP

SUMMARY = "create the readers' personal links, which are shown once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("--base-url", help=f"address of the app for readers (default: {LOCAL_APP})")
    parser.add_argument(
        "--reader", action="append", default=[], metavar="CODE", help="only this reader (repeatable; default: all)"
    )
    parser.add_argument("--reissue", action="store_true", help="replace links; the old ones stop working")
    parser.add_argument("--revoke", action="store_true", help="revoke the links of the named readers")
    parser.add_argument(
        "--valid-days", type=float, help="validity of the links in days (default: until the study closes)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    folder = folder_of(args)
    if args.revoke:
        if not args.reader:
            raise InputError("--revoke: name the readers with --reader CODE")
        for name in ("base_url", "reissue", "valid_days"):
            if getattr(args, name):
                raise InputError(
                    f"{flag(name)}: is for links that are made, got --revoke, which ends them; leave it out"
                )
        for code in args.reader:
            revoke_link(folder, code)
        return {"study": args.study, "links": [], "lines": [f"links ended: {', '.join(args.reader)}"]}
    links = issue_links(folder, args.base_url or LOCAL_APP, args.reader, args.reissue, args.valid_days)
    return {
        "study": args.study,
        "links": [{"reader": link.reader, "url": link.url} for link in links],
        "lines": [f"{link.reader}\t{link.url}" for link in links],
    }
