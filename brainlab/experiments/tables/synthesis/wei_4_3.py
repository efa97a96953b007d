"""Table 4.3 of Wei's thesis: EDSS regressed on loss and repair of myelin, of true and of synthesised PET."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError
from brainlab.experiments.tables.cross_validated import THESIS
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources
from brainlab.experiments.tables.run_rows import SIMULATED

if TYPE_CHECKING:
    import pandas as pd

PARTS = {
    "true": "(a) true PET",
    "synthesised": "(b) synthesised PET",
    "calibrated": "(c) synthesised PET, calibrated (ours)",
}
ABSENT = {
    "synthesised": "no synthesised PET in the report",
    "calibrated": "not in the report; make it again with 'brainlab myelin PREPARED --synthesised FOLDER --out FOLDER'",
}
"""By PET, why a report lacks its regressions."""
INDICES = {"dynamic_demyelination": "demyelination", "dynamic_remyelination": "remyelination"}
TERMS = {"age_years": "age", "man": "sex (man)", "lesion_load_ml": "lesion load", "ln_lesion_load_ml": "ln lesion load"}
FIGURES = ("coefficient", "standard_error", "t", "p", "standardised_beta")
PRINTED = {
    ("true", "dynamic_demyelination"): {
        "dynamic_demyelination": (0.090, 0.157, 0.58, 0.578, 0.216),
        "age_years": (-0.019, 0.090, -0.21, 0.840, -0.065),
        "man": (-0.893, 1.126, -0.79, 0.446, -0.269),
        "lesion_load_ml": (1.01e-5, 1.75e-5, 0.58, 0.577, 0.207),
    },
    ("true", "dynamic_remyelination"): {
        "dynamic_remyelination": (-0.233, 0.085, -2.75, 0.021, -0.703),
        "age_years": (-0.047, 0.067, -0.70, 0.498, -0.164),
        "man": (-0.062, 0.869, -0.07, 0.944, -0.019),
        "lesion_load_ml": (5.22e-6, 1.16e-5, 0.45, 0.661, 0.107),
    },
    ("synthesised", "dynamic_demyelination"): {
        "dynamic_demyelination": (0.071, 0.165, 0.43, 0.676, 0.173),
        "age_years": (-0.014, 0.091, -0.15, 0.882, -0.048),
        "man": (-0.980, 1.120, -0.87, 0.402, -0.295),
        "lesion_load_ml": (9.99e-6, 1.92e-5, 0.52, 0.614, 0.205),
    },
    ("synthesised", "dynamic_remyelination"): {
        "dynamic_remyelination": (-0.258, 0.084, -3.07, 0.012, -0.734),
        "age_years": (-0.050, 0.064, -0.78, 0.452, -0.017),
        "man": (-0.063, 0.816, -0.08, 0.940, -0.019),
        "lesion_load_ml": (7.47e-6, 1.1e-5, 0.68, 0.513, 0.153),
    },
}
"""By PET and index: of each term the coefficient, its standard error, t, p and the standardised coefficient."""


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table from the report with most patients, one with synthesised PET before others."""
    reports = sources.reports()
    if not reports:
        raise InputError(
            "wei-4.3: needs a myelin report, got none; make one with 'brainlab myelin PREPARED --synthesised FOLDER "
            "--clinical BIDS --out FOLDER' and name it with --records"
        )
    path, report = max(reports.items(), key=lambda one: ("dice" in one[1], len(one[1]["patients"])))
    rows = [
        row
        for source in PARTS
        for index in INDICES
        for row in _rows(source, index, report["regression"].get(source, {}).get(index))
    ]
    return Rebuilt(
        rows=tuple(rows),
        published=tuple(
            _named(source, index, term) | dict(zip(FIGURES, figures, strict=True))
            for (source, index), terms in PRINTED.items()
            for term, figures in terms.items()
        ),
        settings={"report": path, "patients": len(report["patients"]), "controls": report["controls"]},
        notes=(SIMULATED,) if report["simulated"] else (),
    )


def _rows(source: str, index: str, regression: Mapping[str, Any] | None) -> list[Row]:
    if regression is None or "reason" in regression:
        reason = ABSENT[source] if regression is None else regression["reason"]
        return [_named(source, index, index) | {"missing": reason}]
    return [
        _named(source, index, term["name"])
        | {"n": regression["n"]}
        | {name: term[name] for name in (*FIGURES, "low", "high")}
        for term in regression["terms"]
        if term["name"] != "intercept"
    ]


def _named(source: str, index: str, term: str) -> dict[str, Any]:
    name = f"index of {INDICES[term]}" if term in INDICES else TERMS[term]
    return {"part": PARTS[source], "method": name, "index": INDICES[index]}


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the rows as the thesis prints them, with the 95% interval of each coefficient."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "PET": row["part"],
                "EDSS on": row["index"],
                "term": row["method"],
                "n": str(row.get("n") or "-"),
                "coefficient": _shown(row.get("coefficient"), ".3g"),
                "95% interval": "-" if row.get("low") is None else f"{row['low']:.3g} to {row['high']:.3g}",
                "se": _shown(row.get("standard_error"), ".3g"),
                "t": _shown(row.get("t"), ".2f"),
                "p": _shown(row.get("p"), ".3f"),
                "beta": _shown(row.get("standardised_beta"), ".3f"),
            }
            for row in rows
        ]
    )


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


TABLE = PaperTable(
    name="wei-4.3",
    title="EDSS and change of myelin",
    source=f"{THESIS}, table 4.3",
    build=build,
    layout=layout,
    reading=(
        "Multiple linear regression of the baseline EDSS on one index at a time, with age, sex and lesion load; beta: "
        "standardised coefficient. Indices are shares of 1 here; the printed coefficients suit percentages. The load "
        "is in ml here, in voxels or mm3 in the thesis.",
        "Simulated EDSS is 3.0 - 2.5 R + 0.045 (age - 46) + 0.35 [man] + 0.6 ln(load / 10 ml) and noise, with R the "
        "share of demyelinated lesion that truly remyelinates: an interval of remyelination that holds -2.5, with "
        "--log-load, has recovered it. An index that PET blurs and noise make uncertain has a flatter slope.",
        "(c) is ours and not in the thesis: the index of synthesised PET is replaced by the true one that it lets "
        "expect, by a calibration on the true PET of all other patients (regression calibration). It can recover at "
        "best the coefficient of (a), needs patients with true PET, and makes no map better. Its standard errors are "
        "robust (HC3) and contain the uncertainty of the calibration.",
    ),
    reads=("records",),
)
