"""The methods of a study in words, in the order of GRRAS (Kottner et al. 2011) with QAREL's questions (Lucas 2010).

Everything is taken from the protocol that was locked and from the study's own record, nothing from memory.
"""

from collections.abc import Sequence
from typing import Any

from brainlab.counted import counted
from brainlab.reading.protocol.allocation import share_in_words
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import Question
from brainlab.reading.record.lock_record import dependence, lock_findings, lock_warnings, people_of_sources
from brainlab.reading.report import side_by_side
from brainlab.reading.report.paired import sentences
from brainlab.reading.statistics.time_course import STEP

Sections = list[tuple[str, list[str]]]


def methods(
    figures: dict[str, Any], protocol: Protocol | None = None, conduct: dict[str, Any] | None = None
) -> Sections:
    """Return (heading, sentences) in the order of the guideline.

    protocol, conduct: of a study that was run here; without them only what the answers themselves tell is said.
    """
    sections = [("Readers", _readers(figures, protocol, conduct))]
    if protocol:
        sections += [
            ("Cases and how they were sampled", _cases(protocol, conduct)),
            ("Rating process", _process(protocol)),
            ("Blinding and independence", _blinding(protocol, conduct)),
            ("Order, repeats and second reading", _order(protocol, conduct)),
        ]
    if conduct:
        sections += [
            ("Displays", _displays(conduct)),
            ("Deviations and missing answers", _deviations(conduct)),
            ("Record", _record(conduct)),
        ]
    return [*sections, ("Statistical analysis", _analysis(figures, protocol, conduct))]


def _readers(figures: dict[str, Any], protocol: Protocol | None, conduct: dict[str, Any] | None) -> list[str]:
    readers, cases = len(figures["readers"]), figures["cases"]
    who = "One reader" if readers == 1 else f"A total of {readers} readers"
    how = " independently" if readers > 1 else ""
    if protocol and protocol.allocation:
        share = share_in_words(protocol.allocation, protocol.cases, len(protocol.readers))
        how = f" between them, independently; each read {share} of them"
    lines = [f"{who} read {counted(cases, 'case')}{how}."]
    if not figures["answers"]:
        lines = [f"{who} and {counted(cases, 'case')}; no answers were given."]
    if protocol:
        known = {r.code: r.experience_years for r in protocol.readers if r.code in figures["readers"]}
        years = [f"{code}, {'not reported' if y is None else f'{y:g} years'}" for code, y in known.items()]
        lines.append(f"Experience: {'; '.join(years)}.")
    withdrawn = conduct["withdrawn"] if conduct else 0
    if withdrawn:
        lines.append(f"{counted(withdrawn, 'further reader')} withdrew and were excluded from all analyses.")
    return lines


def _cases(protocol: Protocol, conduct: dict[str, Any] | None) -> list[str]:
    sources = ", ".join(f"{s.n} {s.truth} ({s.name})" for s in protocol.sources)
    if protocol.grouped:
        sources += f"; shown {_side_by_side(protocol.questions[0])}"
    first, last = protocol.slice_range
    shown = (
        f"single {protocol.plane} slices (of volumes, from {first:.0%} to {last:.0%} of the axis)"
        if protocol.stimulus == "slice"
        else "whole volumes in three planes"
    )
    lines = [f"Cases were {shown}: {sources}. They were sampled at random when the study was locked."]
    if shared := protocol.allocation:
        rest = f"every other case by {counted(shared.readings, 'reader')}, in rotating blocks"
        anchors = f"{counted(shared.anchors, 'anchor case')} {_were(shared.anchors)} read by every reader, and {rest}"
        lines.append(
            f"Cases were allocated to readers at random within sources: {anchors if shared.anchors else rest}."
        )
    if people := people_of_sources(_sources(conduct)):
        lines.append(f"Real cases were {'; '.join(people)}.")
    if any(s.kind == "cohort" for s in protocol.sources):
        lines.append("Real cases of a cohort came from held-out participants, on whom no generator was trained.")
        classes = ", ".join(protocol.classes)
        lines.append(f"Disease classes: {classes}." if classes else "All disease classes of the cohort were eligible.")
    for source in protocol.sources:
        if source.truncation != 1.0:
            lines.append(f"Latent codes of {source.name} were truncated by a factor of {source.truncation:g}.")
    return lines


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _side_by_side(first: Question) -> str:
    """How the images of a case were put together."""
    if first.kind == "ranking":
        return f"{first.images} at a time, one of each source"
    others = "generated images of one source" if first.wanted == "real" else "real images"
    one = "real" if first.wanted == "real" else "generated"
    if len(first.places) == 2:
        return "as pairs of one real and one generated image"
    return f"{first.images} at a time, one {one} image among {first.images - 1} {others}"


def _sources(conduct: dict[str, Any] | None) -> Sequence[dict[str, Any]]:
    """What the lock recorded of each source; nothing where the answers are from elsewhere."""
    return conduct["checks"].get("sources", ()) if conduct else ()


def _process(protocol: Protocol) -> list[str]:
    confidence = " and rated their confidence from 1 (guess) to 5 (certain)" if protocol.confidence else ""
    enlarged = "nearest-neighbour" if protocol.interpolation == "nearest" else "linear"
    window = "could be adjusted" if protocol.window == "adjustable" else "was fixed"
    cap = f"within {protocol.time_cap_s:g} s" if protocol.time_cap_s else "without a time limit"
    if not protocol.confidence:
        cap += "; confidence was not asked for"
    further = [f"'{question.text}' ({_kind(question)})" for question in protocol.all_questions[1:]]
    lines = [
        f"For each case, readers answered the question '{protocol.questions[0].text}'{confidence}, {cap}.",
        *([f"Further questions: {', '.join(further)}."] if further else []),
        f"All cases were rendered identically; images were enlarged by {enlarged} interpolation "
        f"and the grey-scale window {window}. No clinical information was shown.",
    ]
    if protocol.practice:
        told = "with" if protocol.practice_feedback else "without"
        lines.append(
            f"The study was preceded by {counted(protocol.practice, 'practice case')} {told} feedback, excluded from "
            "all analyses."
        )
    if protocol.rest_break_every:
        lines.append(f"A break was offered every {counted(protocol.rest_break_every, 'case')}.")
    if protocol.dark_pause_s:
        lines.append(f"A dark screen of {protocol.dark_pause_s:g} s preceded each case.")
    return lines


def _kind(question: Question) -> str:
    return {
        "choice": ", ".join(question.options),
        "scale": f"{question.low} to {question.high}",
        "text": "free text",
        "place": "a location in the image",
    }.get(question.kind, question.kind)


def _blinding(protocol: Protocol, conduct: dict[str, Any] | None) -> list[str]:
    lines = [
        "Readers were blinded to the source, the proportion of real cases, each other's answers, their own score and "
        "their own earlier answers."
    ]
    return [*lines, *lock_warnings(conduct["checks"]), *lock_findings(conduct["checks"])] if conduct else lines


def _order(protocol: Protocol, conduct: dict[str, Any] | None) -> list[str]:
    constrained = "" if protocol.grouped else ", constrained to near-zero correlation of label and position"
    lines = [
        f"Case order was randomised separately for each reader{constrained}, with "
        f"{counted(protocol.repeats, 'hidden repeat')}, used for intra-reader agreement only."
    ]
    if protocol.grouped:
        anew = " for every presentation, repeats and later readings included; answers are compared by image"
        lines.append(
            f"The order of the images of a case was randomised{anew if conduct and conduct['arranged'] else ''}."
        )
    if protocol.rounds > 1:
        lines.append(
            f"The protocol required {protocol.rounds} readings, each in a new order, "
            + (
                f"separated by a washout period of at least {protocol.washout_weeks:g} weeks."
                if protocol.washout_weeks
                else "without a washout period."
            )
        )
    for reading in conduct["readings"] if conduct else ():
        days = reading["days_since_last"]
        if reading["round"] > 1:
            kept = (
                f"began {counted(round(days), 'day')} after the previous one" if days is not None else "was not started"
            )
            lines.append(f"Reading {reading['round']} of {reading['reader']} {kept}{_span(reading)}.")
    return lines


def _span(reading: dict[str, Any]) -> str:
    if not reading["started_at"]:
        return ""
    first, last = reading["started_at"][:10], (reading["finished_at"] or "")[:10]
    if not last:
        return f" ({first}, not finished)"
    return f" ({first})" if first == last else f" ({first} to {last})"


def _displays(conduct: dict[str, Any]) -> list[str]:
    lines = []
    for reading in conduct["readings"]:
        who = f"{reading['reader']}, reading {reading['round']}"
        checks = reading["display"]
        if not checks:
            lines += [f"{who}: no display check recorded."] if reading["started_at"] else []
            continue
        sizes = dict.fromkeys(
            f"{c['width']} x {c['height']} at pixel ratio {c['pixel_ratio']:g}"
            for c in checks
            if c["width"] and c["pixel_ratio"]
        )
        seen = [check["sees_all_greys"] for check in checks if check["sees_all_greys"] is not None]
        greys = f"all grey steps visible in {sum(map(bool, seen))} of {counted(len(seen), 'check')}" if seen else ""
        said = "; ".join(part for part in (greys, "browser window " + ", ".join(sizes) if sizes else "") if part)
        lines.append(f"{who}: {said or 'checked, no details recorded'}.")
    return lines


def _deviations(conduct: dict[str, Any]) -> list[str]:
    lines = []
    for reading in conduct["readings"]:
        if not reading["started_at"]:
            lines.append(f"{reading['reader']}, reading {reading['round']}: not started.")
            continue
        acts = [
            counted(reading["sessions"], "browser tab"),
            counted(reading["pauses"], "pause"),
            counted(reading["takeovers"], "change") + " of tab",
            counted(reading["undone"], "answer") + " undone",
        ]
        lines.append(
            f"{reading['reader']}, reading {reading['round']}{_span(reading)}: {reading['missing']} of "
            f"{counted(reading['total'], 'answer')} missing; {', '.join(acts)}."
        )
    return lines


def _record(conduct: dict[str, Any]) -> list[str]:
    lines = [
        f"{act['state'].capitalize()} on {act['at'][:10]}"
        + (f" by {act['actor']}" if act["actor"] != "researcher" else "")
        + (f" ({act['note']})" if act["note"] else "")
        + "."
        for act in conduct["history"]
        if act["state"] != "draft"
    ]
    if conduct["protocol_sha256"]:
        lines.append(f"SHA-256 of the locked protocol: {conduct['protocol_sha256']}.")
    return lines


def _analysis(figures: dict[str, Any], protocol: Protocol | None, conduct: dict[str, Any] | None) -> list[str]:
    margin = protocol.equivalence_margin if protocol else 0.1
    fixed = "prespecified in the protocol" if protocol else "a default, not prespecified"
    lines = [
        "Agreement: Cohen's and Fleiss' kappa and Krippendorff's alpha with intervals from their linearised variance "
        "after adding eight random answers (without sources, Cohen's asymptotic interval); Gwet's AC1 with its "
        "analytic interval; PABAK. Cases are treated as sampled within sources. Repeats "
        "and practice cases are excluded from inter-reader agreement, as are pairs with a missing answer (see n).",
        "Proportions have Wilson confidence intervals (CI), over several sources at the effective sample size of the "
        "stratified estimate. The ROC area uses signed confidence, with a logit interval on DeLong's variance within "
        "sources. 'Real' is the positive class. d' and criterion use log-linearly corrected rates with the variance of "
        "Gourevitch and Galanter. "
        "Means over readers have one interval for these readers on new cases and one, after Obuchowski, Rockette and "
        "Hillis, for other readers as well; readers and cases are never pooled. Each reader's figures are those of the "
        "cases this reader judged.",
    ]
    if protocol and protocol.allocation:
        lines.append(
            "The design is split-plot: readers' errors are correlated through the cases they share, cases read by "
            "different sets of readers are strata of their own, and Fleiss' kappa is that of the anchor cases."
        )
    if protocol and protocol.grouped:
        lines += side_by_side.methods(protocol.questions[0])
    else:
        lines.append(
            f"Equivalence to chance: two one-sided tests at 5% with a margin of {margin:.0%} in balanced accuracy, "
            f"{fixed}."
        )
    lines += sentences.methods(figures)
    if dependent := dependence(conduct["checks"] if conduct else {}):
        lines.append(dependent)
    if figures["learning"] or figures["pace"]:
        lines.append(
            "Learning: logistic regression of correct answers, and linear regression of log time per case, on position "
            f"in the reading; effects are given per {STEP} cases."
        )
    if figures["between_rounds"]:
        lines.append(
            "Changes between readings are based on the cases read in both, with intervals from the paired variance "
            "within sources."
        )
    return lines
