"""Table 2 of the FLAIR IntroVAE paper: LDA on codes, one class against the rest, from the runs' `lda.json`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources
from brainlab.experiments.tables.run_rows import SIMULATED
from brainlab.latent.published import CLASSES, TABLE_2

if TYPE_CHECKING:
    import pandas as pd

METHODS = {
    "vae-8": "VAE, 8 dimensions",
    "vae-512": "VAE, 512 dimensions",
    "ivae-32": "IntroVAE, 32 dimensions",
    "ivae-256": "IntroVAE, 256 dimensions",
}
"""The paper's models by preset."""

COUNTS = ("fp", "fn", "tp", "tn")
SHARES = ("precision", "recall")


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table: a row a run, cohort and class."""
    from brainlab.experiments.tables.runs_at_hand import of_preset
    from brainlab.runs.shipped import read_lda

    rows: list[Row] = []
    settings: dict[str, Any] = {}
    for preset, method in METHODS.items():
        runs = of_preset(sources.runs(), preset)
        if not runs:
            rows.append({"method": method, "missing": f"no run of the preset {preset} is at hand"})
        for run in runs:
            cohorts = read_lda(run)
            if not cohorts:
                reason = f"{run.folder}: no lda.json of these weights; benchmarks/results/shipped_runs.py writes it"
                rows.append({"method": method, "run": run.name, "missing": reason})
            for cohort, result in cohorts.items():
                rows += class_rows(method, run.name, cohort, result)
                settings[f"{run.name}, {cohort}"] = result["settings"]
    simulated = any(found.get("simulated") for found in settings.values())
    return Rebuilt(
        rows=tuple(rows),
        published=published_rows(),
        settings=settings,
        notes=(SIMULATED,) if simulated else (),
    )


def class_rows(method: str, run: str, cohort: str, result: Mapping[str, Any]) -> list[Row]:
    """Return the table's rows of one result of `brainlab lda`, with precision also at the proportions of table 1."""
    return [
        {
            "method": method,
            "run": run,
            "cohort": cohort,
            "class": name,
            **{key: row[key] for key in (*COUNTS, *SHARES)},
            "precision_at_table_1": result["precision_at_table_1"][name],
        }
        for name, row in result["per_class"].items()
    ]


def published_rows() -> tuple[Row, ...]:
    """Return the paper's rows: the IntroVAE of 256 dimensions on 572 test scans."""
    return tuple({"method": METHODS["ivae-256"], "class": name, **TABLE_2[name]} for name in CLASSES)


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows with the paper's columns."""
    import pandas as pd

    rows = list(rows)
    extra = ["precision_at_table_1"] if any("precision_at_table_1" in row for row in rows) else []
    return pd.DataFrame(
        [
            {
                "method": row["method"],
                **{name: row.get(name, "-") for name in ("run", "cohort", "class")},
                **{name.upper(): str(row.get(name, "-")) for name in COUNTS},
                **{name.replace("_", " "): _share(row.get(name)) for name in (*SHARES, *extra)},
            }
            for row in rows
        ]
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


TABLE = PaperTable(
    name="flair-2",
    title="classification by LDA on codes, one class against the rest",
    source="FLAIR IntroVAE paper, table 2",
    build=build,
    layout=layout,
    reading=(
        "LDA is fitted on the training split of one cohort and predicts the whole of another. FP, FN, TP and TN count "
        "scans.",
        "Precision depends on how frequent the classes are; 'precision at table 1' is what it would be at the paper's "
        "class frequencies.",
    ),
)
