"""Write docs/results-of-synthesis.md: the tables of Wei's thesis, rebuilt from the cross-validations that ship.

    python -m benchmarks.results.synthesis_page [--records FOLDER ...]

The records are those of models/cross-validations, made by `benchmarks.results.synthesis` and `brainlab myelin --out`.
What they show stands in models/cross-validations/notes.md, which becomes the head of the page.
"""

import argparse
from pathlib import Path

from brainlab.experiments.tables.records_at_hand import records_at_hand, reports_at_hand
from brainlab.experiments.tables.registry import Sources, find_tables, tables
from brainlab.experiments.tables.written import markdown_page
from brainlab.workspace import MODELS, PROJECT, RECORDS

SHIPPED = MODELS / RECORDS
PAGE = PROJECT / "docs" / "results-of-synthesis.md"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the page of the thesis' rebuilt tables.")
    parser.add_argument("--records", type=Path, nargs="+", default=[SHIPPED], metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=PAGE)
    args = parser.parse_args()
    args.out.write_text(page(args.records), encoding="utf-8")


def page(folders: list[Path]) -> str:
    """Return the page: what was found, then each table."""
    sources = Sources(runs=list, records=lambda: records_at_hand(folders), reports=lambda: reports_at_hand(folders))
    lines = (SHIPPED / "notes.md").read_text(encoding="utf-8").splitlines()
    for table in find_tables([name for name in tables() if name.startswith("wei-")]):
        for line in markdown_page(table, table.build(sources)):
            lines.append(f"#{line}" if line.startswith("#") else line)
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
