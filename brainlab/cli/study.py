"""`brainlab study`: design, run and report a blinded reading study."""

import argparse
import getpass
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from brainlab.cli.progress import progress
from brainlab.errors import InputError
from brainlab.experiments.studies.locking import lock_study, open_sources
from brainlab.experiments.studies.machine_reader import machine_areas
from brainlab.files.textfile import read_text
from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.backup import backup_study, restore_study
from brainlab.reading.desk.pace import study_pace
from brainlab.reading.protocol.design import Protocol, new_seed, preset
from brainlab.reading.record import integrity
from brainlab.reading.record.lock_record import lock_findings, lock_warnings
from brainlab.reading.record.tokens import LOCAL_APP
from brainlab.reading.report.export import export_answers, write_whole
from brainlab.reading.report.html_file import report_html
from brainlab.reading.report.pdf_file import report_pdf
from brainlab.reading.report.study_report import report_of
from brainlab.reading.statistics.ratings import READING_RULES, read_ratings
from brainlab.reading.statistics.study_statistics import study_statistics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare one sub-command for every step of a study."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True, parser_class=type(parser))

    step = _add(steps, "create", "make a draft of a protocol, or print a preset", _create)
    step.add_argument("protocol", nargs="?", type=Path, metavar="PROTOCOL.json")
    step.add_argument("--preset", help="print this protocol instead: dwi-2020")
    step.add_argument("--copy", metavar="STUDY", help="take the protocol of this study, with a new seed and no names")

    step = _add_for_study(steps, "lock", "draw, render and seal all cases; nothing changes afterwards", _lock)
    step.add_argument("--override", default="", metavar="REASON", help="lock although the blinding probe refuses")

    step = _add_for_study(steps, "links", "make the readers' personal links; they are shown once", _links)
    step.add_argument("--base-url", default=LOCAL_APP, help="where readers reach the app")
    step.add_argument("--reader", action="append", default=[], metavar="CODE", help="only this reader (repeatable)")
    step.add_argument("--reissue", action="store_true", help="replace links; the old ones stop working")
    step.add_argument("--revoke", action="store_true", help="end the links of the readers named, make no new ones")
    step.add_argument("--valid-days", type=float, help="days for which the links work")

    step = _add_for_study(steps, "withdraw", "take a reader out for good: link, name and answers in reports", _withdraw)
    step.add_argument("reader", metavar="READER", help="code of the reader")

    _add_for_study(steps, "status", "show how far each reader is, never an answer", _status)
    _add_for_study(steps, "close", "take no more answers", _close).add_argument("--note", default="")

    step = _add_for_study(steps, "unblind", "open the truth; recorded", _unblind)
    step.add_argument("--by", default=None, metavar="NAME", help="who unblinds (default: the user of this machine)")
    step.add_argument("--note", default="")

    step = _add_for_study(steps, "report", "statistics of an unblinded study", _report)
    step.add_argument("--out", type=Path, metavar="OUT.html|OUT.pdf", help="write the report as one file too")
    step.add_argument("--html", type=Path, metavar="FILE", help="write the report as one HTML file, of any name")

    step = _add_for_study(steps, "export", "write the answers of an unblinded study", _export)
    formats = "OUT.csv|OUT.json|OUT.imrmc.csv"
    # A positional with a type would make a path of SUPPRESS itself.
    step.add_argument("out", nargs="?", metavar=formats, default=argparse.SUPPRESS)
    step.add_argument("--out", dest="out", metavar=formats, help="the same, as an option")
    step.add_argument("--all", action="store_true", help="with practice, hidden repeats and later readings")

    _add_for_study(steps, "verify", "prove the databases whole", _verify)

    step = _add_for_study(steps, "backup", "write the whole study, the truth too, to one file, while in use", _backup)
    step.add_argument("--out", required=True, type=Path, metavar="FILE.tar", help="never give it to a reader")

    step = _add(steps, "restore", "bring a study back from a backup; what is there is kept aside", _restore)
    step.add_argument("backup", type=Path, metavar="FILE.tar")

    step = _add(steps, "stats", "agreement and accuracy from a CSV of answers", _stats)
    step.epilog = READING_RULES
    step.add_argument(
        "csv",
        type=Path,
        help="columns reader, case, answer; optionally truth, confidence, source, class, phase, position, active_ms, "
        "round",
    )
    step.add_argument("--level", default="nominal", help="of Krippendorff's alpha: nominal, ordinal, interval, ratio")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Do one step of a study."""
    return args.do(args)


def _create(args: argparse.Namespace) -> dict[str, Any]:
    if args.preset is not None:
        protocol = preset(args.preset)
        return {**asdict(protocol), "text": protocol.to_json()}
    if args.copy is not None:
        if args.protocol is not None:
            raise InputError("study create: needs PROTOCOL.json or --copy STUDY, got both")
        protocol = lifecycle.load_protocol(lifecycle.study_folder(args.copy)).again(new_seed())
        open_sources(protocol)
        return {"study": lifecycle.create_study(protocol), "state": "draft"}
    if args.protocol is None:
        raise InputError("study create: needs PROTOCOL.json, got nothing; print one with --preset dwi-2020")
    protocol = Protocol.from_json(read_text(args.protocol))
    open_sources(protocol)
    return {"study": lifecycle.create_study(protocol), "state": "draft"}


def _lock(args: argparse.Namespace) -> dict[str, Any]:
    locked = lock_study(_folder(args), args.override, progress)
    return {
        "study": args.study,
        "state": "locked",
        "cases": locked.cases,
        "practice": locked.practice,
        "probe": locked.probe.to_dict(),
        "override": locked.override,
        "warnings": list(locked.warnings),
    }


def _links(args: argparse.Namespace) -> dict[str, Any]:
    folder = _folder(args)
    if args.revoke:
        if not args.reader:
            raise InputError("--revoke: name the readers with --reader CODE")
        for code in args.reader:
            lifecycle.revoke_link(folder, code)
        return {"study": args.study, "links": [], "text": f"links ended: {', '.join(args.reader)}"}
    links = lifecycle.issue_links(folder, args.base_url, args.reader, args.reissue, args.valid_days)
    return {
        "study": args.study,
        "links": [{"reader": link.reader, "url": link.url} for link in links],
        "text": "\n".join(f"{link.reader}\t{link.url}" for link in links),
    }


def _withdraw(args: argparse.Namespace) -> dict[str, Any]:
    lifecycle.withdraw_reader(_folder(args), args.reader)
    return {"study": args.study, "reader": args.reader, "withdrawn": True}


def _status(args: argparse.Namespace) -> dict[str, Any]:
    status = lifecycle.study_status(_folder(args))
    readers: dict[str, dict[str, Any]] = {}
    for reader in status.readers:  # ordered by round: the first that is not finished counts
        if reader.reader not in readers or readers[reader.reader]["finished_at"] is not None:
            readers[reader.reader] = asdict(reader)
    if status.state in ("locked", "closed"):
        for pace in study_pace(_folder(args)):
            if pace.round == readers[pace.reader]["round"]:
                readers[pace.reader]["pace"] = asdict(pace)
    lines = [f"{code}\t{reader['done']} of {reader['total']}" for code, reader in readers.items()]
    return {
        "study": status.study,
        "state": status.state,
        "readers": readers,
        "text": "\n".join([f"{status.study}: {status.title} ({status.state})", *lines]),
    }


def _close(args: argparse.Namespace) -> dict[str, Any]:
    lifecycle.close(_folder(args), args.note)
    return {"study": args.study, "state": "closed"}


def _unblind(args: argparse.Namespace) -> dict[str, Any]:
    lifecycle.unblind(_folder(args), args.by or getpass.getuser(), args.note)
    return {"study": args.study, "state": "unblinded"}


def _report(args: argparse.Namespace) -> dict[str, Any]:
    folder = _folder(args)
    if args.out is not None and args.out.suffix not in (".html", ".pdf"):
        raise InputError(f"--out {args.out}: needs a file name that ends in .html or .pdf")
    report = report_of(folder, machine_areas(lifecycle.load_protocol(folder)))
    checks = lifecycle.lock_checks(folder)
    record = {
        "history": lifecycle.history(folder),
        "checks": checks,
        "lock_findings": [*lock_warnings(checks), *lock_findings(checks)],
    }
    for target in (args.html, args.out):
        if target is not None:
            pdf = target is args.out and target.suffix == ".pdf"
            write_whole(target, report_pdf(report) if pdf else report_html(report))
    text = "\n".join([report["title"], *report["summary"], *report["cautions"]])
    return {"study": args.study, "state": "unblinded", **report, **record, "text": text}


def _export(args: argparse.Namespace) -> dict[str, Any]:
    if args.out is None:
        raise InputError("study export: needs a file to write, such as answers.csv, got nothing")
    rows = export_answers(_folder(args), Path(args.out), args.all)
    return {"study": args.study, "files": [args.out], "rows": rows}


def _verify(args: argparse.Namespace) -> dict[str, Any]:
    verdict = integrity.verify(_folder(args))
    return {**asdict(verdict), "exit_code": 0 if verdict.ok else 1}


def _backup(args: argparse.Namespace) -> dict[str, Any]:
    verdict = backup_study(_folder(args), args.out)
    return {"study": args.study, "files": [str(args.out)], "answers": verdict.answers, "head": verdict.head}


def _restore(args: argparse.Namespace) -> dict[str, Any]:
    restored = restore_study(args.backup)
    return {
        "study": restored.study,
        "state": restored.state,
        "answers": restored.verdict.answers,
        "head": restored.verdict.head,
        "replaced": str(restored.replaced) if restored.replaced else None,
    }


def _stats(args: argparse.Namespace) -> dict[str, Any]:
    frame, notes = read_ratings(args.csv)
    return {**study_statistics(frame, level=args.level), "notes": notes}


def _folder(args: argparse.Namespace) -> Path:
    return lifecycle.study_folder(args.study)


def _add(steps: Any, name: str, summary: str, do: Callable[..., dict[str, Any]]) -> argparse.ArgumentParser:
    step = steps.add_parser(name, help=summary, description=summary)
    step.set_defaults(do=do)
    return step


def _add_for_study(steps: Any, name: str, summary: str, do: Callable[..., dict[str, Any]]) -> argparse.ArgumentParser:
    step = _add(steps, name, summary, do)
    step.add_argument("study", help="id of the study")
    return step
