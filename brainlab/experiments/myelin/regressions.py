"""EDSS regressed on loss and repair of myelin: by true PET, by synthesised PET, and by that calibrated on the true."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from brainlab.errors import InputError
from brainlab.myelin.calibration import calibrated_regression
from brainlab.myelin.clinical import Regression, edss_covariates, edss_regression

Row = Mapping[str, Any]
"""A patient of the report."""
SOURCES = ("true", "synthesised")
CALIBRATED = "calibrated"
REGRESSED = ("dynamic_demyelination", "dynamic_remyelination")
"""Indices on which EDSS is regressed, as in table 4.3."""


def regressions(patients: Sequence[Row], *, log_load: bool = False) -> dict[str, dict[str, Any]]:
    """Return the regression of EDSS on each index by PET, or the reason why there is none.

    By `SOURCES`, as far as patients have them, and `CALIBRATED` where they have both.
    patients: of a report, also of one that was kept. log_load: see `edss_regression`.
    """
    found = [source for source in SOURCES if source in patients[0]]
    if len(found) == len(SOURCES):
        found.append(CALIBRATED)
    return {source: {index: _fitted(patients, source, index, log_load) for index in REGRESSED} for source in found}


def _fitted(patients: Sequence[Row], source: str, index: str, log_load: bool) -> dict[str, Any]:
    """Return a regression as plain values, or why it cannot be."""
    if all(row["edss"] is None for row in patients):
        return {"reason": "no patient has an edss; name a table with --clinical"}
    try:
        return asdict(_regression(patients, source, index, log_load))
    except InputError as error:
        return {"reason": str(error)}


def _regression(patients: Sequence[Row], source: str, index: str, log_load: bool) -> Regression:
    edss, age_years, sex, load = (
        [row[key] for row in patients] for key in ("edss", "age_years", "sex", "lesion_load_ml")
    )
    values = {name: [row[name][index]["value"] for row in patients] for name in SOURCES if name in patients[0]}
    if source != CALIBRATED:
        return edss_regression(
            edss,
            values[source],
            age_years=age_years,
            sex=sex,
            lesion_load_ml=load,
            index_name=index,
            log_load=log_load,
        )
    covariates = edss_covariates(age_years=age_years, sex=sex, lesion_load_ml=load, log_load=log_load)
    return calibrated_regression("edss", edss, index, values["true"], values["synthesised"], covariates)
