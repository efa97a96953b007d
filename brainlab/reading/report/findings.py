"""What a study found, in sentences that a clinician can quote, and what the figures do not show."""

from typing import Any

from brainlab.reading.statistics.rounds import each_second_reading

LANDIS_KOCH = ((0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))

PARADOX_AGREEMENT, PARADOX_GAP = 0.7, 0.2
"""Readers who agree this often, with a kappa this far below PABAK, show the prevalence paradox."""

FEW_CASES = 30

MOST_PAIRS = 3
"""With more pairs of readers than these, one sentence sums them up."""


def summary(figures: dict[str, Any]) -> list[str]:
    """Say what was found, one sentence a finding; agreement never without accuracy before it."""
    return [*_accuracy(figures), *_agreement(figures), *_repeats(figures), *_second_readings(figures)]


def cautions(figures: dict[str, Any]) -> list[str]:
    """Say what the figures do not show."""
    alone = len(figures["readers"]) < 2
    lines = [
        *([] if alone else ["A low kappa is expected when readers guess: read it together with accuracy."]),
        "'Not significantly different from chance' is not 'indistinguishable': only the equivalence test says that.",
    ]
    if all(values["accuracy"]["value"] is None for values in figures["per_reader"].values()):
        lines.append("Here no accuracy is known, so a low kappa cannot be told from guessing.")
    expected, given = figures["cases"] * len(figures["readers"]), figures["answers"]
    if given < expected:
        lines.append(f"{expected - given} of {expected} answers are missing; each figure uses the cases it has, see n.")
    if any(entry["n"] < FEW_CASES for entry in figures["cohens_kappa"]):
        lines.append(f"With fewer than {FEW_CASES} cases the interval of kappa is only a rough guide.")
    if len(figures["readers"]) > 1:
        lines.append(
            "Intervals of a reader's figures speak of other cases read by the same reader, not of other readers; only "
            "the mean over readers has an interval for other readers, too."
        )
    if len(figures["per_reader"]) > 2 or any(figures["learning"].values()):
        lines.append("Intervals are of one figure each: with many figures, one in twenty misses the truth by chance.")
    return lines


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
        f"both give mostly the same answer, so chance alone makes them agree often (prevalence paradox). {beside}; "
        "neither depends so much on how common an answer is. Report them together."
    )


def kappa_in_words(value: float) -> str:
    """Name a kappa by the scale of Landis and Koch (1977)."""
    if value < 0:
        return "poor"
    return next((word for bound, word in LANDIS_KOCH if value <= bound), "almost perfect")


def with_interval(figure: dict[str, Any], *, percent: bool) -> str:
    """Write '0.84 (95% interval 0.77 to 0.90)', or why it cannot be written."""
    show = "{:.0%}".format if percent else "{:z.2f}".format
    if figure["value"] is None:
        return str(figure["reason"])
    if figure["low"] is None:
        return f"{show(figure['value'])} ({figure['reason']})"
    return f"{show(figure['value'])} (95% interval {show(figure['low'])} to {show(figure['high'])})"


def _accuracy(figures: dict[str, Any]) -> list[str]:
    """One sentence a reader: accuracy, and what a guess would give."""
    lines = []
    for reader, values in figures["per_reader"].items():
        accuracy, chance = values["accuracy"], values.get("against_chance")
        if accuracy["value"] is None:
            continue
        line = f"{reader} judged {with_interval(accuracy, percent=True)} of {accuracy['n']} cases rightly"
        if chance and chance["equivalent"]:
            line += (
                f" and cannot tell real from fake: balanced accuracy {chance['value']:.0%} (90% interval "
                f"{chance['low']:.0%} to {chance['high']:.0%}) lies within {chance['margin']:.0%} of chance (two "
                "one-sided tests)"
            )
        elif chance:
            line += (
                f", with a balanced accuracy of {chance['value']:.0%} (90% interval {chance['low']:.0%} to "
                f"{chance['high']:.0%}); guessing gives 50%"
            )
        lines.append(f"{line}.")
    return lines


def _agreement(figures: dict[str, Any]) -> list[str]:
    """One sentence a pair of readers, or one for all where there are many pairs."""
    pairs = figures["cohens_kappa"]
    lines = [_pair(entry) for entry in pairs] if len(pairs) <= MOST_PAIRS else _all_pairs(figures)
    return lines + [paradox for entry in pairs if (paradox := prevalence_paradox(entry))]


def _pair(entry: dict[str, Any]) -> str:
    names = " and ".join(entry["readers"])
    if entry["value"] is None:
        return f"Kappa of {names} is {entry['reason']}."
    return (
        f"{names} agree on {entry['observed_agreement']:.0%} of {entry['n']} cases; beyond chance their kappa is "
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
    said = f"Beyond chance the {len(figures['readers'])} readers agree with Fleiss' kappa "
    said += f"{with_interval(every, percent=False)} over {every['n']} cases"
    said += _label(every)
    if values:
        said += f"; Cohen's kappa of pairs runs from {min(values):.2f} to {max(values):.2f}"
    undefined = len(figures["cohens_kappa"]) - len(values)
    return [f"{said}."] + ([f"Kappa of {undefined} pairs is undefined; the table says why."] if undefined else [])


def _repeats(figures: dict[str, Any]) -> list[str]:
    return [
        f"Shown {entry['n']} cases twice, {entry['reader']} agrees with themself with kappa "
        f"{with_interval(entry, percent=False)}."
        if entry["value"] is not None
        else f"Kappa of {entry['reader']} with themself on {entry['n']} repeated cases is {entry['reason']}."
        for entry in figures["intra_reader"]
    ]


def _second_readings(figures: dict[str, Any]) -> list[str]:
    """One sentence a reader and later reading: agreement with themself, and the change in accuracy."""
    lines = []
    for (first, second), entry in each_second_reading(figures):
        kappa, change = entry["kappa"], entry["accuracy"]["difference"]
        who = entry["reader"]
        line = (
            f"Between readings {first} and {second}, {who}'s kappa with themself over {kappa['n']} cases is "
            f"{with_interval(kappa, percent=False)}"
        )
        if change["value"] is not None:
            bounds = [change["low"], change["high"]]
            interval = (
                change["reason"]
                if None in bounds
                else "95% interval " + " to ".join(f"{100 * bound:+.1f}" for bound in bounds)
            )
            line += f"; accuracy changed by {100 * change['value']:+.1f} percentage points ({interval})"
        lines.append(f"{line}.")
    return lines
