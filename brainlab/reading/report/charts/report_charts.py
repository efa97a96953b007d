"""The charts of a report, from its figures alone; how they are drawn is up to the page and the files."""

from typing import Any

from brainlab.legend import CLASS_NAMES, class_order
from brainlab.reading.report.charts.chart import Chart, Series, interval_chart
from brainlab.reading.statistics.rounds import each_second_reading

Report = dict[str, Any]


def source_chart(report: Report) -> Chart:
    """Percent called real per source and reader (DWI study, table 2)."""
    return interval_chart(
        "sources",
        "Called real, by source",
        _groups(report["per_source"]),
        report["per_source"],
        "called real (95% Wilson CI)",
        x_range=(0.0, 1.0),
        percent_x=True,
    )


def class_chart(report: Report) -> Chart:
    """Proportion of cases classified correctly, by disease class and reader."""
    names = [CLASS_NAMES.get(name, name) for name in class_order(_groups(report["accuracy_per_class"]))]
    series = {
        reader: {CLASS_NAMES.get(name, name): cell for name, cell in cells.items()}
        for reader, cells in report["accuracy_per_class"].items()
    }
    return interval_chart(
        "classes",
        "Correct answers, by disease class",
        names,
        series,
        "correct (95% Wilson CI)",
        x_range=(0.0, 1.0),
        percent_x=True,
    )


def kappa_chart(report: Report) -> Chart:
    """Cohen's kappa of every pair of readers, and intra-reader kappa."""
    pairs = {" and ".join(entry["readers"]): entry for entry in report["cohens_kappa"]}
    pairs |= {f"{entry['reader']}, repeats": entry for entry in report["intra_reader"]}
    pairs |= {
        f"{entry['reader']}, readings {first} and {second}": entry["kappa"]
        for (first, second), entry in each_second_reading(report)
    }
    values = [entry[name] for entry in pairs.values() for name in ("value", "low") if entry[name] is not None]
    low = -1.0 if min(values, default=0.0) < -0.2 else -0.2
    return interval_chart(
        "kappa",
        "Cohen's kappa",
        list(pairs),
        {"kappa": pairs},
        "kappa (95% CI): 0 is chance, 1 is full agreement",
        x_range=(low, 1.0),
        reference=0.0,
    )


def accuracy_chart(report: Report) -> Chart:
    """Accuracy, sensitivity and specificity of every reader."""
    names = {"accuracy": "accuracy", "sensitivity": "real called real", "specificity": "fake called fake"}
    series = {
        reader: {label: values[key] for key, label in names.items()} for reader, values in report["per_reader"].items()
    }
    return interval_chart(
        "accuracy",
        "Correct answers",
        list(names.values()),
        series,
        "proportion (95% CI)",
        x_range=(0.0, 1.0),
        reference=0.5,
        percent_x=True,
    )


def detection_chart(report: Report) -> Chart:
    """d' and criterion of every reader."""
    names = {"d_prime": "d' (0: chance)", "criterion": "criterion (below 0: leans to 'real')"}
    series = {
        reader: {label: values["signal_detection"][key] for key, label in names.items()}
        for reader, values in report["per_reader"].items()
        if "signal_detection" in values
    }
    title = "Signal detection"
    return interval_chart(
        "detection", title, list(names.values()), series, "standard deviations (95% CI)", reference=0.0
    )


def roc_chart(report: Report) -> Chart:
    """Empirical ROC curve of each reader, named with its area."""
    drawn = []
    for number, reader in enumerate(report["readers"]):
        points = report["roc"].get(reader)
        if points:
            name = f"{reader}: {_area(report['per_reader'][reader]['auc'])}"
            x, y = tuple(points["false_positive_rate"]), tuple(points["true_positive_rate"])
            drawn.append(Series(name, x, y, number=number))
    return Chart(
        "roc",
        "ROC curves from confidence",
        "lines",
        tuple(drawn),
        "fake called real (false positives)",
        "real called real (true positives)",
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
        percent_x=True,
        percent_y=True,
    )


def time_chart(report: Report) -> Chart:
    """Median time per case by source, with its quartiles."""
    series = {
        reader: {
            source: {"value": cell["median"], "low": cell["quartile_1"], "high": cell["quartile_3"]}
            for source, cell in cells.items()
            if cell["n"]
        }
        for reader, cells in report["seconds_per_source"].items()
    }
    title, x_title = "Time per case, by source", "seconds (median and quartiles)"
    return interval_chart("time", title, _groups(series), series, x_title)


def pace_chart(report: Report) -> Chart:
    """Time per case over the course of the reading."""
    return Chart(
        "pace",
        "Time per case over the reading",
        "lines",
        _curves(report, "pace"),
        "position in the reading",
        "seconds (smoothed)",
        log_y=True,
    )


def learning_chart(report: Report) -> Chart:
    """Share of right answers over the course of the reading."""
    return Chart(
        "learning",
        "Correct answers over the reading",
        "lines",
        _curves(report, "learning"),
        "position in the reading",
        "correct (smoothed)",
        y_range=(0.0, 1.0),
        percent_y=True,
    )


def rounds_chart(report: Report) -> Chart:
    """Accuracy of each reader in each reading."""
    series = {
        f"reading {entry['round']}": {reader: values["accuracy"] for reader, values in entry["per_reader"].items()}
        for entry in report["rounds"]
    }
    return interval_chart(
        "rounds",
        "Correct answers, by reading",
        report["readers"],
        series,
        "proportion (95% CI)",
        x_range=(0.0, 1.0),
        reference=0.5,
        percent_x=True,
    )


def histogram_chart(report: Report) -> Chart:
    """Mean histogram of grey levels inside the brain, one line a source."""
    drawn = []
    for number, (source, cell) in enumerate(report["images"]["sources"].items()):
        step = 256 / len(cell["histogram"])
        x = tuple((place + 0.5) * step for place in range(len(cell["histogram"])))
        drawn.append(Series(source, x, tuple(cell["histogram"]), number=number))
    return Chart(
        "histogram",
        "Grey levels inside the brain",
        "lines",
        tuple(drawn),
        "grey level (0 to 255)",
        "proportion of the brain",
        percent_y=True,
    )


def _curves(report: Report, part: str) -> tuple[Series, ...]:
    return tuple(
        Series(reader, tuple(curve["position"]), tuple(curve["value"]), number=number)
        for number, reader in enumerate(report["readers"])
        if (curve := report[part].get(reader, {}).get("curve")) and curve["position"]
    )


def _groups(series: dict[str, dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(group for cells in series.values() for group in cells))


def _area(figure: dict[str, Any]) -> str:
    if figure["low"] is None:
        return f"area {figure['value']:.2f}"
    return f"area {figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
