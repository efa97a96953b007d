"""The report of a reading study: its statistics, what they mean in plain words, and how they were obtained."""

from typing import Any

import pandas as pd

from brainlab.reading.design import Protocol
from brainlab.reading.figures import interval_figure
from brainlab.reading.statistics import study_statistics

LANDIS_KOCH = ((0.0, "worse than chance"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))


def study_report(frame: pd.DataFrame, protocol: Protocol | None = None) -> dict[str, Any]:
    """Return everything `study_statistics` does, and `title`, `summary`, `methods` (lists of sentences) and `cautions`.

    `frame` holds the unblinded answers: reader, case, answer, truth, source and, where known, confidence, class,
    phase, active_ms. `protocol` adds the title and the methods.
    """
    margin = protocol.equivalence_margin if protocol else 0.1
    if protocol:
        order = {source.name: place for place, source in enumerate(protocol.sources)}
        frame = frame.sort_values("source", key=lambda names: names.map(order), kind="stable")
    figures = study_statistics(frame, equivalence_margin=margin)
    return {
        "title": protocol.title if protocol else "Reading study",
        "summary": _summary(figures),
        "cautions": _cautions(figures),
        "methods": _methods(figures, protocol),
        **figures,
    }


def table_2(report: dict[str, Any]) -> pd.DataFrame:
    """Return the DWI paper's table 2: one row a reader and source, with count, percent called real and 95% interval."""
    rows = [
        {
            "reader": reader,
            "source": source,
            "called real": cell["called_real"],
            "n": cell["n"],
            "percent": None if cell["value"] is None else 100 * cell["value"],
            "low": None if cell["low"] is None else 100 * cell["low"],
            "high": None if cell["high"] is None else 100 * cell["high"],
        }
        for reader, sources in report["per_source"].items()
        for source, cell in sources.items()
    ]
    return pd.DataFrame(rows)


def agreement_table(report: dict[str, Any]) -> pd.DataFrame:
    """Return one row an agreement figure: which, of whom, value, interval, n, and why something is absent."""
    rows = [
        {"figure": "Cohen's kappa", "of": " and ".join(entry["readers"]), **entry} for entry in report["cohens_kappa"]
    ]
    rows += [
        {"figure": "Cohen's kappa, repeats", "of": f"{entry['reader']}, first and second look", **entry}
        for entry in report["intra_reader"]
    ]
    names = {
        "fleiss_kappa": "Fleiss' kappa",
        "gwet_ac1": "Gwet's AC1",
        "pabak": "PABAK",
        "krippendorff_alpha": "Krippendorff's alpha",
    }
    rows += [{"figure": label, "of": "all readers", **report[key]} for key, label in names.items()]
    return pd.DataFrame(rows)[["figure", "of", "value", "low", "high", "n", "reason"]]


def reader_table(report: dict[str, Any]) -> pd.DataFrame:
    """Return one row a reader and figure: accuracy, sensitivity, specificity and ROC area with their intervals."""
    names = {
        "accuracy": "accuracy",
        "sensitivity": "real called real (sensitivity)",
        "specificity": "fake called fake (specificity)",
        "auc": "ROC area from confidence",
    }
    return pd.DataFrame(
        [
            {"reader": reader, "figure": label, **{k: figures[key][k] for k in ("value", "low", "high", "n", "reason")}}
            for reader, figures in report["per_reader"].items()
            for key, label in names.items()
        ]
    )


def source_figure(report: dict[str, Any]) -> str:
    """Draw the percent called real per source and reader as SVG."""
    sources = list(dict.fromkeys(source for cells in report["per_source"].values() for source in cells))
    return interval_figure(sources, report["per_source"], "Called real, by source (95% Wilson intervals)")


def kappa_figure(report: dict[str, Any]) -> str:
    """Draw Cohen's kappa of every pair of readers as SVG."""
    pairs = {" and ".join(entry["readers"]): entry for entry in report["cohens_kappa"]}
    title = "Cohen's kappa (95% interval); 0 is chance, 1 full agreement"
    return interval_figure(list(pairs), {"kappa": pairs}, title, low=-1.0, reference=0.0, percent=False, steps=4)


def kappa_in_words(value: float) -> str:
    """Name a kappa by the scale of Landis and Koch (1977)."""
    return next((word for bound, word in LANDIS_KOCH if value <= bound), "almost perfect")


def _with_interval(figure: dict[str, Any], *, percent: bool) -> str:
    """Write '0.84 (95% interval 0.77 to 0.90)', or why it cannot be written."""
    show = "{:.0%}".format if percent else "{:.2f}".format
    if figure["value"] is None:
        return str(figure["reason"])
    if figure["low"] is None:
        return f"{show(figure['value'])} ({figure['reason']})"
    return f"{show(figure['value'])} (95% interval {show(figure['low'])} to {show(figure['high'])})"


def _summary(figures: dict[str, Any]) -> list[str]:
    """Say what was found, one sentence a finding."""
    lines = []
    for reader, values in figures["per_reader"].items():
        accuracy = values["accuracy"]
        if accuracy["value"] is not None:
            lines.append(f"{reader} judged {_with_interval(accuracy, percent=True)} of {accuracy['n']} cases rightly.")
        chance = values.get("against_chance")
        if chance:
            verdict = (
                f"cannot tell real from fake: balanced accuracy {chance['value']:.0%} lies within "
                f"{chance['margin']:.0%} of chance (two one-sided tests)"
                if chance["equivalent"]
                else f"has a balanced accuracy of {chance['value']:.0%} (90% interval {chance['low']:.0%} to "
                f"{chance['high']:.0%}); guessing gives 50%"
            )
            lines.append(f"{reader} {verdict}.")
    for entry in figures["cohens_kappa"]:
        names = " and ".join(entry["readers"])
        if entry["value"] is None:
            lines.append(f"Kappa of {names} is {entry['reason']}.")
            continue
        lines.append(
            f"{names} agree on {entry['observed_agreement']:.0%} of {entry['n']} cases; beyond chance their kappa is "
            f"{_with_interval(entry, percent=False)}, '{kappa_in_words(entry['value'])}' on Landis and Koch's scale."
        )
    lines += [
        f"Shown {entry['n']} cases twice, {entry['reader']} agrees with themself with kappa "
        f"{_with_interval(entry, percent=False)}."
        for entry in figures["intra_reader"]
    ]
    return lines


def _cautions(figures: dict[str, Any]) -> list[str]:
    """Say what the figures do not show."""
    lines = [
        "A low kappa is expected when readers guess: read it together with accuracy.",
        "'Not significantly different from chance' is not 'indistinguishable': only the equivalence test says that.",
    ]
    expected, given = figures["cases"] * len(figures["readers"]), figures["answers"]
    if given < expected:
        lines.append(f"{expected - given} of {expected} answers are missing; each figure uses the cases it has, see n.")
    if any(entry["n"] < 30 for entry in figures["cohens_kappa"]):
        lines.append("With fewer than 30 cases the interval of kappa is only a rough guide.")
    return lines


def _methods(figures: dict[str, Any], protocol: Protocol | None) -> list[str]:
    """Describe the study in the order of the GRRAS guideline (Kottner et al. 2011)."""
    readers, cases = len(figures["readers"]), figures["cases"]
    lines = [f"{readers} reader{'s' * (readers != 1)} judged {cases} case{'s' * (cases != 1)} independently."]
    if protocol:
        years = [r.experience_years for r in protocol.readers if r.experience_years is not None]
        if years:
            lines.append(f"Experience of the readers: {', '.join(f'{y:g}' for y in years)} years.")
        sources = ", ".join(f"{s.n} {s.truth} ({s.name})" for s in protocol.sources)
        kind = f"single {protocol.plane} slices" if protocol.stimulus == "slice" else "whole volumes in three planes"
        lines.append(f"Cases were {kind}: {sources}.")
        if any(s.kind == "cohort" for s in protocol.sources):
            lines.append("Real cases of a cohort came from people that no generator was trained on.")
        lines += [
            "All cases went through the same rendering; enlargement was "
            f"{protocol.interpolation}, the grey-scale window {protocol.window}.",
            "Readers were blind to source, share of real cases, each other's answers and their own score. Each reader "
            f"had an own random order, {protocol.practice} practice cases that do not count and {protocol.repeats} "
            "hidden repeats, which count for intra-reader agreement only.",
        ]
    lines += [
        "Agreement: Cohen's and Fleiss' kappa and Krippendorff's alpha with intervals from their linearised variance, "
        "four cases of random answers added (without sources, Cohen's asymptotic interval); Gwet's AC1 with its "
        "analytic interval; PABAK. Cases are taken as sampled within sources.",
        "Shares have Wilson intervals, over several sources at the effective sample size of the stratified share. The "
        "ROC area uses signed confidence, with a logit interval on DeLong's variance within sources. 'Real' is the "
        "positive class. Means over readers have one interval for these readers on new cases and one, after "
        "Obuchowski, Rockette and Hillis, for other readers as well; readers and cases are never pooled.",
    ]
    return lines
