"""Charts of comparisons that readers share."""

from typing import Any

from brainlab.reading.report.charts.chart import Chart, interval_chart
from brainlab.reading.report.paired.sentences import FIGURES
from brainlab.reading.report.paired.tables import OTHERS, THESE, comparison_name


def comparison_chart(key: str, entries: list[dict[str, Any]]) -> Chart:
    """Differences of the figure that comes first, with both intervals; one row a comparison. None of them: no rows."""
    shown = [entry for entry in entries if entry["figure"] == entries[0]["figure"]]
    rows = {comparison_name(entry): entry for entry in shown}
    series = {
        OTHERS: {name: entry["other_readers"] for name, entry in rows.items()},
        THESE: {name: entry["these_readers"] for name, entry in rows.items()},
    }
    what = FIGURES[shown[0]["figure"]]
    return interval_chart(
        key, f"Difference in {what}", list(rows), series, f"difference in {what} (95% CI)", reference=0.0
    )
