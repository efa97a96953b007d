"""Tables as text, Markdown and CSV."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row
from brainlab.files.spreadsheet import csv_text
from brainlab.files.whole import write_whole

OWN, PUBLISHED = "rebuilt", "published"


def text_lines(table: PaperTable, rebuilt: Rebuilt) -> list[str]:
    """Return the rebuilt rows, the published ones, and how to read them, as aligned text."""
    return [
        f"{table.name}: {table.title}",
        *_block("Rebuilt from what is at hand:", table, rebuilt.rows),
        *missing_lines(rebuilt.rows),
        *_block(f"Published ({table.source}); other data, a reference and no pass mark:", table, rebuilt.published),
        "",
        *rebuilt.notes,
        *table.reading,
    ]


def write_table(table: PaperTable, rebuilt: Rebuilt, folder: Path) -> list[Path]:
    """Write `<name>.md` and `<name>.csv` into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{table.name}{ending}" for ending in (".md", ".csv")]
    write_whole(paths[0], "\n".join([*markdown_page(table, rebuilt), ""]))
    write_whole(paths[1], csv_text(long_frame(rebuilt)))
    return paths


def long_frame(rebuilt: Rebuilt) -> pd.DataFrame:
    """Return all rows, one a row, with a column `origin` that tells rebuilt from published ones."""
    rows = [{"origin": origin, **_flat(row)} for origin, part in _parts(rebuilt) for row in part]
    return pd.DataFrame(rows)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    shown = ([cell.replace("|", "\\|") for cell in cells] for cells in (head, ["---"] * len(head), *rows))
    return [f"| {' | '.join(cells)} |" for cells in shown]


def missing_lines(rows: Iterable[Row]) -> list[str]:
    """Return a line for each row without figures, and for each figure that is undefined."""
    lines = []
    for row in rows:
        whose = " ".join(filter(None, [row["method"], f"({row['run']})" if row.get("run") else ""]))
        if row.get("missing"):
            lines.append(f"{whose}: {row['missing']}")
        reasons: dict[str, list[str]] = {}
        for metric, reason in row.get("undefined", {}).items():
            reasons.setdefault(reason, []).append(metric)
        lines += [f"{whose}: {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return lines


def _block(title: str, table: PaperTable, rows: Iterable[Row]) -> list[str]:
    return ["", title, *table.layout(rows).to_string(index=False).splitlines()]


def markdown_page(table: PaperTable, rebuilt: Rebuilt) -> list[str]:
    """Return the lines of a page in Markdown: the rebuilt rows, the published ones, and how to read them."""
    lines = [f"# {table.name}: {table.title}"]
    for title, rows in (("Rebuilt", rebuilt.rows), (f"Published: {table.source}", rebuilt.published)):
        frame = table.layout(rows)
        lines += ["", f"## {title}", "", *markdown_table(list(frame.columns), frame.to_numpy().tolist())]
        lines += [f"\n{line}" for line in missing_lines(rows)]
    return [*lines, "", "## How to read it", "", *(f"- {line}" for line in (*rebuilt.notes, *table.reading))]


def _parts(rebuilt: Rebuilt) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    return (OWN, rebuilt.rows), (PUBLISHED, rebuilt.published)


def _flat(row: Row) -> dict[str, Any]:
    """Return a row whose cells a table can hold: what is undefined as one text."""
    cells = dict(row)
    if undefined := cells.pop("undefined", None):
        cells["undefined"] = "; ".join(f"{name}: {reason}" for name, reason in undefined.items())
    return {name: ", ".join(value) if isinstance(value, list | tuple) else value for name, value in cells.items()}
