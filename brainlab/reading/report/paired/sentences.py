"""Comparisons of sources, of conditions, and of machines with the readers, in sentences a journal prints."""

from typing import Any

from brainlab.counted import counted, noun
from brainlab.reading.statistics.paired.machine_beside_readers import EVERY_SOURCE

Figures = dict[str, Any]

MOST_PAIRS = 3
"""With more pairs than these, one sentence sums them up."""

LEVEL = 0.05

FIGURES = {"auc": "ROC area", "accuracy": "accuracy", "called_real": "share called real"}
"""Name of what is compared, by its key."""


def findings(figures: Figures) -> list[str]:
    """Say of each comparison what was found: figures of both sides, their difference, its interval and test."""
    paired = figures["paired"]
    lines = []
    for kind in ("sources", "conditions"):
        entries = _first_figure(paired[kind])
        lines += _several(entries, kind) if len(entries) > MOST_PAIRS else [_pair(entry) for entry in entries]
    return lines + [_machine(entry) for entry in paired["machines"] if entry["source"] == EVERY_SOURCE]


def methods(figures: Figures) -> list[str]:
    """Say how comparisons were made; nothing without any."""
    paired = figures["paired"]
    if not any(paired.values()):
        return []
    kinds = {
        "sources": "two sources of generated images (ROC areas share the real cases)",
        "conditions": "two conditions of the same cases",
        "machines": "a machine and the reader",
    }
    said = " or ".join(words for kind, words in kinds.items() if paired[kind])
    lines = [
        f"Comparisons: each reader's difference between {said} was averaged over readers and tested, with readers and "
        "cases as random samples, after Obuchowski and Rockette with Hillis' degrees of freedom. Covariances caused by "
        "common cases are unbiased estimates within sources; where readers differed less than their cases alone "
        "explain, the variance between readers took in half a reader more at that share. Intervals for these readers "
        "treat cases alone as sampled; with few readers or cases, from which variation is estimated, either interval "
        "may come out the wider.",
    ]
    if any(len(_first_figure(paired[kind])) > 1 for kind in ("sources", "conditions")):
        lines.append("p values of several pairs are also given adjusted after Holm.")
    if figures["conditions"]:
        names = [part["condition"] for part in figures["conditions"]]
        lines.append(f"All other figures are of the condition '{names[0]}' (conditions: {', '.join(names)}).")
    if figures["machine_readers"]:
        names = [machine["name"] for machine in figures["machine_readers"]]
        lines.append(
            f"{noun(len(names), 'Machine reader', 'Machine readers')}: {', '.join(names)}. Each scored every case; a "
            "higher score means more likely real."
        )
    return lines


def cautions(figures: Figures) -> list[str]:
    """Say what comparisons do not show, and which machine seems to count the wrong way round."""
    lines = []
    if any(figures["paired"].values()):
        lines.append(
            "A difference that is not significant is not evidence of equality; its interval contains the differences "
            "that remain plausible."
        )
    for machine in figures["machine_readers"]:
        area = machine["auc"]
        if area["high"] is not None and area["high"] < 0.5:
            lines.append(
                f"{machine['name']} ranked generated images above real ones (ROC area {area['value']:.2f}); check that "
                "a higher score means more likely real."
            )
    return lines


def p_in_words(p: float) -> str:
    """Write a p value as journals do: 'p = .051', 'p < .001'."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def _first_figure(entries: list[Figures]) -> list[Figures]:
    """Return the comparisons of the figure that comes first: the ROC area, where there is one."""
    return [entry for entry in entries if entry["figure"] == entries[0]["figure"]]


def _pair(entry: Figures) -> str:
    name = FIGURES[entry["figure"]]
    sides = f"{entry['first']} and {entry['second']}"
    if entry["first_value"] is None:
        return f"The difference in {name} between {sides} is {entry['these_readers']['reason']}."
    return (
        f"{_mean(entry)} was {_show(entry, 'first_value')} for {entry['first']} and {_show(entry, 'second_value')} for "
        f"{entry['second']}; {_difference(entry)}."
    )


def _machine(entry: Figures) -> str:
    if entry["first_value"] is None:
        return f"{entry['first']} and the readers are not compared: {entry['these_readers']['reason']}."
    return (
        f"The ROC area of {entry['first']} was {_show(entry, 'first_value')}, {_mean(entry, of='that of')} "
        f"{_show(entry, 'second_value')}; {_difference(entry)}."
    )


def _mean(entry: Figures, of: str = "") -> str:
    """Write 'Mean ROC area of the 3 readers', or 'that of the reader'."""
    alone = entry["readers"] == 1
    who = "the reader" if alone else f"the {entry['readers']} readers"
    if of:
        return f"{of} {who}" if alone else f"the mean of {who}"
    name = FIGURES[entry["figure"]]
    return f"{name[0].upper()}{name[1:]} of {who}" if alone else f"Mean {name} of {who}"


def _difference(entry: Figures) -> str:
    """Write the difference with its interval and test; of one reader, its interval on new cases."""
    test, here = entry["other_readers"], entry["these_readers"]
    over = counted(entry["n"], "case")
    if test["p"] is None:
        return (
            f"the difference was {here['value']:+.3f} (95% CI {here['low']:+.3f} to {here['high']:+.3f} on new "
            f"cases, {over}; {test['reason']})"
        )
    significant = "significant" if test["p"] < LEVEL else "not significant"
    degrees = f"({test['df']:.1f})" if test["df"] is not None else ""
    adjusted = test.get("p_holm")
    also = "" if adjusted is None or adjusted == test["p"] else f", adjusted {p_in_words(adjusted)}"
    return (
        f"the difference, {test['value']:+.3f} (95% CI {test['low']:+.3f} to {test['high']:+.3f}), was "
        f"{significant} (t{degrees} = {test['t']:.2f}, {p_in_words(test['p'])}{also}; {over})"
    )


def _several(entries: list[Figures], kind: str) -> list[str]:
    """Return one sentence on all pairs that were tested."""
    known = [entry for entry in entries if entry["other_readers"]["p_holm"] is not None]
    if not known:
        return []
    sure = [entry for entry in known if entry["other_readers"]["p_holm"] < LEVEL]
    name = FIGURES[entries[0]["figure"]]
    said = f"{name[0].upper()}{name[1:]} differed significantly between {len(sure)} of {counted(len(known), 'pair')}"
    said += f" of {kind} after adjustment for multiple comparisons (Holm)"
    if sure:
        most = max(sure, key=lambda entry: abs(entry["other_readers"]["value"]))
        said += f", most between {most['first']} and {most['second']}: {_difference(most)}"
    return [f"{said}."]


def _show(entry: Figures, side: str) -> str:
    value = entry[side]
    return f"{value:.2f}" if entry["figure"] == "auc" else f"{value:.0%}"
