"""Forced choices and rankings in sentences a journal prints: what was found, and how it was worked out."""

from typing import Any

from brainlab.counted import counted
from brainlab.reading.protocol.questions import Question
from brainlab.reading.report.findings import with_interval
from brainlab.reading.report.paired.sentences import p_in_words
from brainlab.reading.statistics.questions.rows import ALL, EVERYBODY

Row = dict[str, Any]


def findings(entry: dict[str, Any], first: Question) -> list[str]:
    """Say what readers chose or ranked; entry: of `further_statistics`, of the first question."""
    rows = {(row["figure"], row["reader"], row["source"]): row for row in entry["rows"]}
    readers = [
        name for name in dict.fromkeys(row["reader"] for row in entry["rows"]) if (_mark(first), name, ALL) in rows
    ]
    if first.kind == "ranking":
        return _rankings(rows, readers)
    return [*(_choice(rows, name, first) for name in readers), *_together(rows)]


def methods(first: Question) -> list[str]:
    """Say how these figures were worked out."""
    if first.kind == "ranking":
        return [
            "Mean ranks (1: most real) and rank correlations have Wilson's intervals at the effective sample size over "
            "cases; sources were compared by Friedman's test, and two at a time by the share of cases in which one was "
            "ranked above the other, with Wilson intervals. "
            "Agreement of two readers is the mean rank correlation (Spearman) of a case, 0 by chance. Accuracy and "
            "kappa are of the image that was ranked first.",
        ]
    m = len(first.places)
    return [
        f"Shares of correct choices have exact intervals (Clopper and Pearson), over several sources Wilson's at the "
        f"effective sample size, and were compared with chance (1/{m}) by an exact binomial test. d' is that of "
        f"{m}-alternative forced choice (Hacker and Ratcliff), with the interval of the share. The interval of Fleiss' "
        f"kappa takes chance agreement as 1/{m}, since places are drawn by lot.",
    ]


def _mark(first: Question) -> str:
    """A figure that every reader with answers has."""
    return "p, Friedman, of all sources alike" if first.kind == "ranking" else "correct choices"


def _choice(rows: dict[tuple[str, str, str], Row], reader: str, first: Question) -> str:
    share, d_prime = rows["correct choices", reader, ALL], rows["d'", reader, ALL]
    m = len(first.places)
    p = rows[f"p, exact, against chance (1/{m})", reader, ALL]["value"]
    wanted = "real" if first.kind == "pair" else first.wanted
    also = "" if d_prime["value"] is None else f"; d' {d_prime['value']:z.2f}"
    return (
        f"{reader} found the {wanted} image in {with_interval(share, percent=True)} of {counted(share['n'], 'case')} "
        f"of {m} images (chance: {1 / m:.0%}; exact {p_in_words(p)}{also})."
    )


def _together(rows: dict[tuple[str, str, str], Row]) -> list[str]:
    lines = []
    these = rows.get(("correct choices, mean of these readers", EVERYBODY, ALL))
    others = rows.get(("correct choices, mean of readers like these", EVERYBODY, ALL))
    if these and others and these["value"] is not None:
        wider = f", {others['low']:.0%} to {others['high']:.0%} for readers like them" if others["low"] else ""
        lines.append(f"The readers' mean was {with_interval(these, percent=True)}{wider}.")
    kappa = rows.get(("Fleiss' kappa of the chosen image", EVERYBODY, ALL))
    if kappa:
        lines.append(f"Fleiss' kappa of the chosen image was {with_interval(kappa, percent=False)}.")
    return lines


def _rankings(rows: dict[tuple[str, str, str], Row], readers: list[str]) -> list[str]:
    lines = []
    for reader in readers:
        ranks = [row for row in _of(rows, "mean rank (1: most real)") if row["reader"] == reader]
        said = "; ".join(f"{row['source']} {with_interval(row, percent=False)}" for row in ranks)
        p = rows["p, Friedman, of all sources alike", reader, ALL]["value"]
        test = f"; Friedman's test: {p_in_words(p)}" if p is not None else ""
        lines.append(f"{reader}, mean rank of {counted(ranks[0]['n'], 'case')} (1: most real): {said}{test}.")
    for row in _of(rows, "mean rank correlation (Spearman)"):
        lines.append(f"{row['reader']}: mean rank correlation of a case {with_interval(row, percent=False)}.")
    return lines


def _of(rows: dict[tuple[str, str, str], Row], figure: str) -> list[Row]:
    return [row for row in rows.values() if row["figure"] == figure]
