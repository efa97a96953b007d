"""The tables of a report, as data frames that the page, the HTML file and the PDF show alike."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from brainlab.legend import CLASS_NAMES, class_order
from brainlab.reading.statistics.rounds import each_second_reading

Report = dict[str, Any]
FIGURE = ("value", "low", "high", "n", "reason")
ALL_READERS = {
    "fleiss_kappa": "Fleiss' kappa",
    "gwet_ac1": "Gwet's AC1",
    "pabak": "PABAK",
    "krippendorff_alpha": "Krippendorff's alpha",
}
APPEARANCE = {"mean_grey": "mean grey", "contrast": "contrast", "sharpness": "sharpness"}
ACCURACY = {
    "accuracy": "accuracy",
    "sensitivity": "real called real (sensitivity)",
    "specificity": "fake called fake (specificity)",
    "auc": "ROC area from confidence",
}


def table_2(report: Report) -> pd.DataFrame:
    """Return the DWI paper's table 2: one row a reader and source, with count, percent called real and 95% interval."""
    rows = [
        {"reader": reader, "source": name, "called real": cell["called_real"], "n": cell["n"], **_percent(cell)}
        for reader, cells in report["per_source"].items()
        for name, cell in cells.items()
    ]
    return pd.DataFrame(rows)


def class_table(report: Report) -> pd.DataFrame:
    """Return one row per reader and disease class: cases classified correctly, in percent with 95% interval."""
    rows = [
        {"reader": reader, "class": CLASS_NAMES.get(name, name), "n": cells[name]["n"], **_percent(cells[name])}
        for reader, cells in report["accuracy_per_class"].items()
        for name in class_order(cells)
    ]
    return pd.DataFrame(rows)


def agreement_table(report: Report) -> pd.DataFrame:
    """Return one row an agreement figure: which, of whom, value, interval, n, and why something is absent."""
    rows = []
    for entry in report["cohens_kappa"]:
        pair = " and ".join(entry["readers"])
        rows.append({"figure": "Cohen's kappa", "of": pair, **entry})
        rows.append({"figure": "observed agreement", "of": pair, **entry["agreement"]})
        if len(report["readers"]) > 2:
            rows += [{"figure": ALL_READERS[key], "of": pair, **entry[key]} for key in ("pabak", "gwet_ac1")]
    rows += [
        {"figure": "Cohen's kappa, repeats", "of": f"{entry['reader']}, first and repeated presentation", **entry}
        for entry in report["intra_reader"]
    ]
    if len(report["readers"]) > 1:
        rows += [{"figure": label, "of": "all readers", **report[key]} for key, label in ALL_READERS.items()]
    return pd.DataFrame(rows, columns=["figure", "of", *FIGURE])


def reader_table(report: Report) -> pd.DataFrame:
    """Return one row a reader and figure: accuracy and its kin, d' and criterion, with their intervals."""
    rows = []
    for reader, figures in report["per_reader"].items():
        rows += [{"reader": reader, "figure": label, **_figure(figures[key])} for key, label in ACCURACY.items()]
        if chance := figures.get("against_chance"):
            rows.append({"reader": reader, "figure": "balanced accuracy (90% CI)", **chance})
        for key, label in (("d_prime", "d'"), ("criterion", "criterion")):
            if "signal_detection" in figures:
                rows.append({"reader": reader, "figure": label, **_figure(figures["signal_detection"][key])})
    return pd.DataFrame(rows, columns=["reader", "figure", *FIGURE])


def means_table(report: Report) -> pd.DataFrame:
    """Return two rows a figure averaged over readers: for these readers, and for other readers like them."""
    rows = [
        {"mean over readers": label, "generalises to": whom, "readers": cell["readers"], **_figure(cell[key])}
        for name, label in (("accuracy", "accuracy"), ("auc", "ROC area from confidence"))
        if (cell := (report["all_readers"] or {}).get(name))
        for key, whom in (("these_readers", "these readers, new cases"), ("other_readers", "other readers, new cases"))
    ]
    return pd.DataFrame(rows, columns=["mean over readers", "generalises to", "readers", *FIGURE])


def time_table(report: Report) -> pd.DataFrame:
    """Return one row a reader and source: median and quartiles of the seconds per case."""
    rows = [{"reader": reader, "source": "all", **cell} for reader, cell in report["seconds_per_case"].items()]
    rows += [
        {"reader": reader, "source": source, **cell}
        for reader, cells in report["seconds_per_source"].items()
        for source, cell in cells.items()
    ]
    table = pd.DataFrame(rows, columns=["reader", "source", "n", "median", "quartile_1", "quartile_3"])
    table["n"] = table["n"].astype("Int64")
    return table.rename(
        columns={"median": "median (s)", "quartile_1": "first quartile (s)", "quartile_3": "third quartile (s)"}
    )


def course_table(report: Report) -> pd.DataFrame:
    """Return one row a reader and trend over the reading, per 50 cases: odds of being right, time per case."""
    rows = [
        {"reader": reader, "trend per 50 cases": label, **_figure(cell[key])}
        for label, part, key in (
            ("odds ratio of a correct answer", "learning", "odds_ratio"),
            ("ratio of time per case", "pace", "change"),
        )
        for reader, cell in report[part].items()
    ]
    return pd.DataFrame(rows, columns=["reader", "trend per 50 cases", *FIGURE])


def rounds_table(report: Report) -> pd.DataFrame:
    """Return one row a reader and reading: accuracy with its interval, and one a change between readings."""
    rows = [
        {"reader": reader, "figure": f"accuracy, reading {entry['round']}", **_figure(values["accuracy"])}
        for entry in report["rounds"]
        for reader, values in entry["per_reader"].items()
    ]
    for (first, second), entry in each_second_reading(report):
        span = f"reading {first} to {second}"
        change = {"reader": entry["reader"], "figure": f"change in accuracy, {span}"}
        rows.append({**change, **_figure(entry["accuracy"]["difference"])})
        rows.append({"reader": entry["reader"], "figure": f"Cohen's kappa, {span}", **_figure(entry["kappa"])})
    rows += [
        {
            "reader": " and ".join(pair["readers"]),
            "figure": f"Cohen's kappa, reading {entry['round']}",
            **_figure(pair),
        }
        for entry in report["rounds"]
        for pair in entry["cohens_kappa"]
    ]
    return pd.DataFrame(rows, columns=["reader", "figure", *FIGURE])


def machine_table(report: Report) -> pd.DataFrame:
    """Return one row a source of fakes and reader, the machine first: ROC area of real against this source."""
    rows = []
    for source, machine in report["machine"].items():
        rows.append({"source": source, "reader": "machine", **{name: machine.get(name) for name in FIGURE}})
        rows += [
            {"source": source, "reader": reader, **_figure(cells[source])}
            for reader, cells in report["auc_per_source"].items()
            if source in cells
        ]
    return pd.DataFrame(rows, columns=["source", "reader", *FIGURE])


def appearance_table(report: Report) -> pd.DataFrame:
    """Return one row a source: medians of grey levels and sharpness inside the brain."""
    return pd.DataFrame(
        [
            {"source": source, "images": cell["label"], "n": cell["n"]}
            | {label: cell[name] for name, label in APPEARANCE.items()}
            for source, cell in report["images"]["sources"].items()
        ]
    )


def appearance_areas(report: Report) -> pd.DataFrame:
    """Return one row a source of fakes and feature: ROC area of real images against this source."""
    rows = [
        {"source": source, "feature": label, **_figure(cells[name])}
        for source, cells in report["images"]["against_real"].items()
        for name, label in APPEARANCE.items()
    ]
    return pd.DataFrame(rows, columns=["source", "feature", *FIGURE])


def _figure(figure: dict[str, Any], names: Sequence[str] = FIGURE) -> dict[str, Any]:
    return {name: figure[name] for name in names}


def _percent(cell: dict[str, Any]) -> dict[str, float | None]:
    shown = {"percent": cell["value"], "low": cell["low"], "high": cell["high"]}
    return {name: None if value is None else 100 * value for name, value in shown.items()}
