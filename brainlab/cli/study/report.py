"""`brainlab study report STUDY`: the statistics of an unblinded study."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.machine_files import add_machines, machines_of
from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.errors import InputError
from brainlab.reading.desk.lifecycle import history, load_protocol, lock_checks
from brainlab.reading.record.lock_record import lock_findings, lock_warnings

SUMMARY = "statistics of an unblinded study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("--out", type=Path, metavar="OUT.html|OUT.pdf", help="also write the report to a file")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the report to an HTML file of any name")
    add_machines(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.studies.machine_reader import machine_areas
    from brainlab.files.whole import write_whole
    from brainlab.reading.report.export import ALL_PHASES, answers_frame
    from brainlab.reading.report.html_file import report_html
    from brainlab.reading.report.pdf_file import report_pdf
    from brainlab.reading.report.study_report import study_report

    folder = folder_of(args)
    if args.out is not None and args.out.suffix not in (".html", ".pdf"):
        raise InputError(f"--out {args.out}: needs a file name that ends in .html or .pdf")
    if args.out is not None and args.out == args.html:
        raise InputError(f"--html {args.html}: needs another file than --out; leave one of the two out")
    machines, notes = machines_of(args, answers_frame(folder, ALL_PHASES, None)) if args.machine else ([], [])
    report = study_report(folder, machine_areas(load_protocol(folder)), machines)
    checks = lock_checks(folder)
    record = {
        "history": history(folder),
        "checks": checks,
        "lock_findings": [*lock_warnings(checks), *lock_findings(checks)],
    }
    for target in (args.html, args.out):
        if target is not None:
            pdf = target is args.out and target.suffix == ".pdf"
            write_whole(target, report_pdf(report) if pdf else report_html(report))
    lines = [report["title"], *report["summary"], *report["cautions"], *notes]
    return {"study": args.study, "state": "unblinded", **report, **record, "machine_notes": notes, "lines": lines}
