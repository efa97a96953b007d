"""What a study found, in sentences that a clinician can quote, and what the figures do not show."""

from collections.abc import Sequence
from typing import Any

from brainlab.counted import counted, noun
from brainlab.reading.report.paired import sentences
from brainlab.reading.statistics.rounds import each_second_reading

LANDIS_KOCH = ((0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))

PARADOX_AGREEMENT, PARADOX_GAP = 0.7, 0.2
"""Readers who agree this often, with a kappa this far below PABAK, show the prevalence paradox."""

FEW_CASES = 30

MOST_PAIRS = 3
"""With more pairs of readers than these, one sentence sums them up."""


def summary(figures: dict[str, Any], accuracy: Sequence[str] | None = None) -> list[str]:
    """Say what was found, one sentence a finding; agreement never without accuracy before it.

    accuracy: sentences that say how right readers were where a question has its own; None takes the usual ones.
    """
    known = _accuracy(figures) if accuracy is None else accuracy
    compared = sentences.findings(figures)
    return [*known, *compared, *_agreement(figures), *_repeats(figures), *_second_readings(figures)]


def cautions(figures: dict[str, Any]) -> list[str]:
    """Say what the figures do not show."""
    alone = len(figures["readers"]) < 2
    lines = [
        *([] if alone else ["A low kappa is expected when readers guess; interpret it together with accuracy."]),
        "'Not significantly different from chance' is not 'indistinguishable'; only the equivalence test can show the "
        "latter.",
    ]
    if all(values["accuracy"]["value"] is None for values in figures["per_reader"].values()):
        lines.append("Accuracy is unknown here, so a low kappa cannot be distinguished from guessing.")
    expected, given = figures["cases"] * len(figures["readers"]), figures["answers"]
    if given < expected:
        lines.append(
            f"{expected - given} of {counted(expected, 'answer')} {noun(expected - given, 'is', 'are')} missing; each "
            "estimate uses the available cases (see n)."
        )
    if any(entry["n"] < FEW_CASES for entry in figures["cohens_kappa"]):
        lines.append(f"With fewer than {FEW_CASES} cases the interval of kappa is only approximate.")
    if len(figures["readers"]) > 1:
        lines.append(
            "Intervals of a single reader generalise to other cases read by the same reader, not to other readers; "
            "only the mean over readers has an interval for other readers as well."
        )
    if len(figures["per_reader"]) > 2 or any(figures["learning"].values()):
        lines.append(
            "Intervals are not adjusted for multiple comparisons: about one in twenty is expected to miss the true "
            "value."
        )
    return [*lines, *sentences.cautions(figures)]


def prevalence_paradox(entry: dict[str, Any]) -> str | None:
    """Explain a kappa that is low although two readers mostly agree (Feinstein and Cicchetti 1990); else None."""
    adjusted, agreement = entry["pabak"]["value"], entry["observed_agreement"]
    if None in (entry["value"], adjusted, agreement):
        return None
    if agreement < PARADOX_AGREEMENT or adjusted - entry["value"] < PARADOX_GAP:
        return None
    also = entry["gwet_ac1"]["value"]
    beside = f"PABAK is {adjusted:.2f}" + (f" and Gwet's AC1 {also:.2f}" if also is not None else "")
    return (
        f"{' and '.join(entry['readers'])} agree on {agreement:.0%} of cases, yet kappa is only {entry['value']:.2f}: "
        f"both mostly give the same answer, so expected chance agreement is high (prevalence paradox). {beside}; "
        "both are less sensitive to prevalence. Report them together."
    )


def kappa_in_words(value: float) -> str:
    """Name a kappa by the scale of Landis and Koch (1977)."""
    if value < 0:
        return "poor"
    return next((word for bound, word in LANDIS_KOCH if value <= bound), "almost perfect")


def with_interval(figure: dict[str, Any], *, percent: bool) -> str:
    """Write '0.84 (95% CI 0.77 to 0.90)', or why it cannot be written."""
    show = "{:.0%}".format if percent else "{:z.2f}".format
    if figure["value"] is None:
        return str(figure["reason"])
    if figure["low"] is None:
        return f"{show(figure['value'])} ({figure['reason']})"
    return f"{show(figure['value'])} (95% CI {show(figure['low'])} to {show(figure['high'])})"


def _accuracy(figures: dict[str, Any]) -> list[str]:
    """One sentence per reader: accuracy, and how it compares with chance."""
    lines = []
    for reader, values in figures["per_reader"].items():
        accuracy, chance = values["accuracy"], values.get("against_chance")
        if accuracy["value"] is None:
            continue
        line = (
            f"{reader} classified {with_interval(accuracy, percent=True)} of {counted(accuracy['n'], 'case')} correctly"
        )
        if chance and chance["equivalent"]:
            line += (
                f"; performance was equivalent to chance within a margin of {100 * chance['margin']:.0f} percentage "
                f"points (two one-sided tests): balanced accuracy {chance['value']:.0%} (90% "
                f"CI {chance['low']:.0%} to {chance['high']:.0%})"
            )
        elif chance:
            line += (
                f"; balanced accuracy {chance['value']:.0%} (90% CI {chance['low']:.0%} to "
                f"{chance['high']:.0%}; chance: 50%)"
            )
        lines.append(f"{line}.")
    return lines


def _agreement(figures: dict[str, Any]) -> list[str]:
    """One sentence per pair of readers, or one for all where there are many pairs."""
    pairs = figures["cohens_kappa"]
    lines = [_pair(entry) for entry in pairs] if len(pairs) <= MOST_PAIRS else _all_pairs(figures)
    return lines + [paradox for entry in pairs if (paradox := prevalence_paradox(entry))]


def _pair(entry: dict[str, Any]) -> str:
    names = " and ".join(entry["readers"])
    if entry["value"] is None:
        return f"Cohen's kappa of {names} is {entry['reason']}."
    return (
        f"{names} agreed on {entry['observed_agreement']:.0%} of {counted(entry['n'], 'case')}; Cohen's kappa was "
        f"{with_interval(entry, percent=False)}{_label(entry)}."
    )


def _label(entry: dict[str, Any]) -> str:
    """The name of a kappa, where enough cases and an interval stand behind it."""
    if entry["value"] is None or entry["low"] is None or entry["n"] < FEW_CASES:
        return ""
    return f", '{kappa_in_words(entry['value'])}' on Landis and Koch's scale"


def _all_pairs(figures: dict[str, Any]) -> list[str]:
    every = figures["fleiss_kappa"]
    values = [entry["value"] for entry in figures["cohens_kappa"] if entry["value"] is not None]
    said = f"Fleiss' kappa of the {len(figures['readers'])} readers was "
    said += f"{with_interval(every, percent=False)} over {counted(every['n'], 'case')}"
    said += _label(every)
    if values:
        said += f"; Cohen's kappa of pairs ranged from {min(values):.2f} to {max(values):.2f}"
    undefined = len(figures["cohens_kappa"]) - len(values)
    return [f"{said}."] + (
        [f"Kappa of {counted(undefined, 'pair')} is undefined; see the table for reasons."] if undefined else []
    )


def _repeats(figures: dict[str, Any]) -> list[str]:
    return [
        f"{entry['reader']}: intra-reader kappa was {with_interval(entry, percent=False)} over "
        f"{counted(entry['n'], 'repeated case')}."
        if entry["value"] is not None
        else f"{entry['reader']}: intra-reader kappa over {counted(entry['n'], 'repeated case')} is {entry['reason']}."
        for entry in figures["intra_reader"]
    ]


def _second_readings(figures: dict[str, Any]) -> list[str]:
    """One sentence per reader and later reading: intra-reader agreement, and the change in accuracy."""
    lines = []
    for (first, second), entry in each_second_reading(figures):
        kappa, change = entry["kappa"], entry["accuracy"]["difference"]
        who = entry["reader"]
        said = with_interval(kappa, percent=False)
        line = f"{who}: intra-reader kappa between readings {first} and {second} "
        if kappa["value"] is None:
            line += f"is {said}"
        else:
            line += f"was {said} over {counted(kappa['n'], 'case')}"
        if change["value"] is not None:
            bounds = [change["low"], change["high"]]
            interval = (
                change["reason"]
                if None in bounds
                else "95% CI " + " to ".join(f"{100 * bound:+.1f}" for bound in bounds)
            )
            line += f"; accuracy changed by {100 * change['value']:+.1f} percentage points ({interval})"
        lines.append(f"{line}.")
    return lines
