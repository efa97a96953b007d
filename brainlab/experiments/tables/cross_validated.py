"""Tables of Wei's thesis that compare translators: a row a method, its figures from a cross-validation at hand.

Each figure is the mean over held-out scans, with its standard deviation. A star marks a method that is worse than the
proposed one, as in the thesis, and a circle one that is better: p < .05 by a two-sided paired t-test over the scans
that both were measured on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from brainlab.experiments.cross_validation.record import CrossValidation, learned_alike, most_measured
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources
from brainlab.experiments.tables.run_rows import SIMULATED

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.types import FloatArray

THESIS = "Wei, FLAIR and PET synthesis for multiple sclerosis, thesis (2020)"
SIGNIFICANT = 0.05

FEWEST_TESTED = 4
"""Scans below which no test is made."""

MARKS = {"worse": "*", "better": "°"}
LOWER = "lower"

Figure = tuple[float, float | None]
"""Mean and standard deviation."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A figure of each method.

    key: of a measure of `MeasuredFold.scans`, or of what `of` returns.  form: how it prints.
    better: which way, `lower` or `higher`; empty of what is not compared.  of: what it is where it is no measure.
    by_fold: a column for each fold before that of all.
    """

    key: str
    heading: str
    form: str = ".3f"
    better: str = ""
    of: Callable[[CrossValidation], float | None] | None = None
    by_fold: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of a part.

    method: as the thesis prints it, or with (ours) what it does not have.  matches: whether a record is of it.
    published: by column the printed figure.  folds: by column the printed figure of each fold.
    proposed: whether the others of its part are compared with it.
    """

    method: str
    matches: Callable[[CrossValidation], bool]
    published: Mapping[str, Figure] = field(default_factory=dict)
    folds: Mapping[str, Sequence[Figure]] = field(default_factory=dict)
    proposed: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a table, such as (a); a table of one part has no title.

    alike: settings, of the method or of the schedule, in which all rows have to be equal. Of several values that which
        most rows have is taken.
    """

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    title: str = ""
    alike: tuple[str, ...] = ()


def cross_validated_table(
    *, name: str, title: str, number: str, target: str, parts: Sequence[Part], reading: Sequence[str]
) -> PaperTable:
    """Return a table of the thesis. number: as printed there.  target: the sequence that is synthesised."""

    def build(sources: Sources) -> Rebuilt:
        records = [record for record in sources.records() if same_name(record.target, target)]
        found = [row for part in parts for row in _rows(part, records, target)]
        return Rebuilt(
            rows=tuple(found),
            published=tuple(_published(part, line) for part in parts for line in part.lines if line.published),
            settings={
                "unit": "mean over held-out scans, sd over them",
                "test": f"two-sided paired t-test against the proposed method, of {FEWEST_TESTED} scans or more",
                "records": sorted({row["source"] for row in found if row.get("source")}),
            },
            notes=_notes(records, found),
        )

    def layout(rows: Iterable[Row]) -> "pd.DataFrame":
        return _layout(rows, {part.title: part.columns for part in parts})

    return PaperTable(
        name=name,
        title=title,
        source=f"{THESIS}, table {number}",
        build=build,
        layout=layout,
        reading=(
            *reading,
            "n: held-out scans. Marks: * worse, ° better (p < .05) than the proposed method, or than what this says.",
        ),
        reads=("records",),
    )


def same_name(one: str, other: str) -> bool:
    """Whether two names are of one sequence: `MTR` is `MTRmap`."""
    return one.removesuffix("map").casefold() == other.removesuffix("map").casefold()


def has_inputs(record: CrossValidation, inputs: Sequence[str]) -> bool:
    """Whether a record is of these inputs, in whatever order."""
    names = [{name.removesuffix("map").casefold() for name in each} for each in (record.inputs, inputs)]
    return names[0] == names[1]


def _rows(part: Part, records: Sequence[CrossValidation], target: str) -> list[Row]:
    records = learned_alike(records, [line.matches for line in part.lines], part.alike)
    chosen = {line.method: most_measured(records, line.matches) for line in part.lines}
    proposed = next((chosen[line.method] for line in part.lines if line.proposed), None)
    return [_row(part, line, chosen[line.method], proposed, target) for line in part.lines]


def _row(
    part: Part, line: Line, record: CrossValidation | None, proposed: CrossValidation | None, target: str
) -> dict[str, Any]:
    row: dict[str, Any] = {"part": part.title, "method": line.method}
    if record is None:
        return row | {"missing": f"no cross-validation of it with the target {target} is at hand"}
    row |= {
        "preset": record.name,
        "source": record.source,
        "data": record.data.get("name"),
        "simulated": record.simulated,
        "folds": [str(one.number) for one in record.measured],
        "of_folds": record.folds,
        "n": len(record.scans()),
    }
    undefined = {}
    for column in part.columns:
        if column.of is not None:
            row[column.key] = column.of(record)
            continue
        values = record.values(column.key)
        row |= _cells(column.key, values)
        if not len(values):
            undefined[column.heading] = "no held-out scan has what it needs"
        if column.by_fold:
            for number in range(1, record.folds + 1):
                row |= _cells(f"{column.key}_fold_{number}", record.values(column.key, number))
        if column.better and proposed is not None and proposed is not record:
            row |= _tested(column, record, proposed)
    return row | ({"undefined": undefined} if undefined else {})


def _cells(key: str, values: "FloatArray") -> dict[str, float | None]:
    return {
        key: float(values.mean()) if len(values) else None,
        f"{key}_sd": float(values.std(ddof=1)) if len(values) > 1 else None,
    }


def _tested(column: Column, record: CrossValidation, proposed: CrossValidation) -> dict[str, Any]:
    """Return the p of a paired t-test over the scans that both were measured on, and which of the two is better."""
    from scipy import stats

    if record.data.get("sha256") != proposed.data.get("sha256"):
        return {}
    theirs = {scan["row"]: scan.get(column.key) for scan in proposed.scans()}
    pairs = [(scan.get(column.key), theirs.get(scan["row"])) for scan in record.scans()]
    known = np.array([pair for pair in pairs if None not in pair], np.float64)
    if len(known) < FEWEST_TESTED or not np.ptp(known[:, 0] - known[:, 1]):
        return {}
    found = stats.ttest_rel(known[:, 0], known[:, 1])
    higher = known[:, 0].mean() > known[:, 1].mean()
    verdict = "worse" if higher == (column.better == LOWER) else "better"
    return {
        f"{column.key}_p": float(found.pvalue),
        f"{column.key}_than_proposed": verdict if found.pvalue < SIGNIFICANT else "alike",
    }


def _published(part: Part, line: Line) -> Row:
    row: dict[str, Any] = {"part": part.title, "method": line.method}
    for key, (mean, sd) in line.published.items():
        row |= {key: mean, f"{key}_sd": sd}
    for key, folds in line.folds.items():
        for number, (mean, sd) in enumerate(folds, 1):
            row |= {f"{key}_fold_{number}": mean, f"{key}_fold_{number}_sd": sd}
    return row


def _notes(records: Sequence[CrossValidation], rows: Sequence[Row]) -> tuple[str, ...]:
    used = {row["source"] for row in rows if row.get("source")}
    of_rows = [record for record in records if record.source in used]
    notes = [SIMULATED] if any(record.simulated for record in of_rows) else []
    if len({record.data.get("sha256") for record in of_rows}) > 1:
        notes.append("The methods were not all measured on the same data: only those that were are compared.")
    if any(len(record.measured) < record.folds for record in of_rows):
        notes.append("Of some methods not all folds are done: n says how many scans were held out.")
    return tuple(notes)


def _layout(rows: Iterable[Row], parts: Mapping[str, Sequence[Column]]) -> "pd.DataFrame":
    """Return the rows as the thesis prints them: mean (sd), with a mark where the proposed method differs."""
    import pandas as pd

    rows = list(rows)
    folds = max((int(key.split("_fold_")[1]) for row in rows for key in row if key[-1].isdigit()), default=0)
    lines = []
    for row in rows:
        line = {"part": row["part"]} if row["part"] else {}
        line |= {"method": row["method"], "n": str(row.get("n") or "-")}
        for column in parts[row["part"]]:
            for number in range(1, folds + 1) if column.by_fold else ():
                line[f"fold {number}"] = _cell(row, f"{column.key}_fold_{number}", column.form)
            mark = MARKS.get(row.get(f"{column.key}_than_proposed", ""), "")
            line[column.heading] = _cell(row, column.key, column.form) + mark
        lines.append(line)
    return pd.DataFrame(lines).fillna("-")


def _cell(row: Row, key: str, form: str) -> str:
    mean, sd = row.get(key), row.get(f"{key}_sd")
    return "-" if mean is None else f"{mean:{form}}" + ("" if sd is None else f" ({sd:{form}})")
