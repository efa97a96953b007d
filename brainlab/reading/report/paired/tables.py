"""Tables of comparisons that readers share, and of a machine's scores case by case."""

from typing import Any

import pandas as pd

from brainlab.reading.report.paired.sentences import FIGURES
from brainlab.reading.statistics.paired.machine_beside_readers import EVERY_SOURCE

Report = dict[str, Any]
OTHERS, THESE = "other readers, new cases", "these readers, new cases"
COLUMNS = ("comparison", "figure", "of", "first", "second", "difference", "low", "high", "n", "df", "p", "adjusted p")


def comparison_table(entries: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows of comparisons, first minus second: the mean for other and for these readers, then each reader.

    The column of adjusted p values is left out where there is a single pair.
    """
    rows = []
    for entry in entries:
        head = {"comparison": comparison_name(entry), "figure": FIGURES[entry["figure"]]}
        sides = {"first": entry["first_value"], "second": entry["second_value"]}
        rows.append({**head, "of": OTHERS, **sides, **_figures(entry["other_readers"])})
        rows.append({**head, "of": THESE, **sides, **_figures(entry["these_readers"])})
        rows += [
            {**head, "of": one["reader"], "first": one["first_value"], "second": one["second_value"], **_figures(one)}
            for one in entry["per_reader"]
        ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "reason"])
    pairs = {(entry["first"], entry["second"]) for entry in entries if "p_holm" in entry["other_readers"]}
    return table if len(pairs) > 1 else table.drop(columns="adjusted p")


def comparison_name(entry: dict[str, Any]) -> str:
    """Write 'vae minus gan', or 'my net minus readers, vae' of a machine on one source."""
    source = entry.get("source", EVERY_SOURCE)
    return f"{entry['first']} minus {entry['second']}" + (f", {source}" if source != EVERY_SOURCE else "")


def machine_reader_table(report: Report) -> pd.DataFrame:
    """Return one row a machine and source: its ROC area with interval."""
    rows = [
        {"machine": machine["name"], "source": source, **{name: area[name] for name in AREA}}
        for machine in report["machine_readers"]
        for source, area in {EVERY_SOURCE: machine["auc"], **machine["per_source"]}.items()
    ]
    return pd.DataFrame(rows, columns=["machine", "source", *AREA])


def case_table(report: Report) -> pd.DataFrame:
    """Return one row a case, those first on which the first machine and the readers differ most.

    A machine's column is its score; the order compares the share of cases with no higher score with the share of
    readers who called the case real.
    """
    rows = []
    for case in report["machine_cases"]:
        scores = {name: machine["score"] for name, machine in case["machines"].items()}
        share = next(iter(case["machines"].values()))["share"]
        called = case["called_real"] / case["readers"] if case["readers"] else share
        said = f"{case['called_real']} of {case['readers']}"
        rows.append(
            {
                "case": case["case"],
                "truth": case["truth"],
                "source": case["source"],
                "called real": said,
                **scores,
                "gap": abs(share - called),
            }
        )
    table = pd.DataFrame(rows).sort_values("gap", ascending=False, kind="stable", ignore_index=True)
    return table.drop(columns="gap")


AREA = ("value", "low", "high", "n", "reason")


def _figures(cell: dict[str, Any]) -> dict[str, Any]:
    return {
        "difference": cell["value"],
        **{name: cell[name] for name in ("low", "high", "n", "reason")},
        "df": cell.get("df"),
        "p": cell.get("p"),
        "adjusted p": cell.get("p_holm"),
    }
