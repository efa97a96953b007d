"""All of the thesis' myelin analysis on a prepared dataset: indices, groups, regression of EDSS, and agreement."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError, RegistrationError
from brainlab.experiments.myelin.clinical_scores import Scores, edss_at, scores_of
from brainlab.experiments.myelin.patients import (
    MAPS,
    REGIONS,
    Patient,
    Track,
    learn_normal_myelin,
    measure_patient,
    untracked,
    values_of,
)
from brainlab.experiments.myelin.regressions import SOURCES, regressions
from brainlab.experiments.myelin.synthesised import SynthesisedImages
from brainlab.experiments.myelin.visits import PetVisits, Visit
from brainlab.measures.bland_altman import bland_altman
from brainlab.myelin.indices import INDICES, Index
from brainlab.myelin.normal_myelin import NormalMyelin

REPORT = "myelin.json"
"""File of a report that is kept."""

QUANTITIES = (*INDICES, *REGIONS)

LEAST_OVERLAP = 0.75
"""Dice of white matter with lesions below which two visits are warned of. Simulated heads have .82 once aligned, since
labels of 2 mm were sampled twice by the nearest voxel; the same anatomy has .74 when moved by 4 mm."""


def myelin_report(
    prepared: Path,
    *,
    synthesised: Sequence[Path] = (),
    clinical: Path | None = None,
    controls: str = "healthy",
    log_load: bool = False,
    track: Track = untracked,
) -> dict[str, Any]:
    """Return the analysis as plain values for JSON; shares are of 1, lengths in mm, volumes in ml.

    synthesised: folders of synthesised images, see `SynthesisedImages`; patients without one at both visits are left
    out, so that true and synthesised figures are of the same people. clinical: see `scores_of`; the EDSS of the first
    visit counts. controls: class from which normal myelin is learnt, at the first visit of each. log_load: see
    `edss_regression`.
    A patient is everyone else with two visits or more, of which the first and the last are compared; where they do not
    lie on one another, what is found at the last is carried onto the first (`alignment`).
    Raises InputError where the dataset does not fit, and where there are no controls or no patients.
    """
    cohort = PetVisits.open(prepared)
    people = cohort.people()
    scores = scores_of(cohort, clinical)
    images = None
    if synthesised:
        images = SynthesisedImages.find(synthesised, [visit for visits in people.values() for visit in visits])
    normal = learn_normal_myelin(cohort, controls, track)
    others = [visits for visits in people.values() if visits[0].class_name != controls]
    patients, left_out = _measured(cohort, normal, others, images, track)
    if not patients:
        why = "; ".join(f"{one['participant']}: {one['reason']}" for one in left_out[:3])
        raise InputError(f"{prepared}: needs a patient with lesions at two visits, got none ({why or 'controls only'})")
    sources = SOURCES[: 1 if images is None else 2]
    rows = [_row(patient, scores) for patient in patients]
    return {
        "simulated": cohort.dataset.simulated,
        "controls": _controls(controls, normal),
        "patients": rows,
        "left_out": left_out,
        "groups": _groups(patients, sources),
        "regression": regressions(rows, log_load=log_load),
        **({} if images is None else _agreement(patients)),
        "warnings": _warnings(patients),
    }


def _measured(
    cohort: PetVisits,
    normal: NormalMyelin,
    others: list[list[Visit]],
    images: SynthesisedImages | None,
    track: Track,
) -> tuple[list[Patient], list[dict[str, str]]]:
    """Return the patients, and whoever is none with the reason."""
    patients, left_out = [], []
    for visits in track(others, "patients", len(others)):
        reason = _unfit(visits, images)
        found = None
        if reason is None:
            try:
                found = measure_patient(cohort, normal, visits[0], visits[-1], images)
                reason = "no lesion at baseline"
            except RegistrationError as error:
                reason = f"visits that lie apart: {error}"
        if found is None:
            left_out.append({"participant": visits[0].participant, "reason": reason})
        else:
            patients.append(found)
    return patients, left_out


def _unfit(visits: list[Visit], images: SynthesisedImages | None) -> str | None:
    """Return why a person cannot be measured, from what is known before images are read."""
    if visits[0].class_name is None:
        return "no class"
    if len(visits) == 1:
        return "one visit only"
    absent = [] if images is None else [visit.name for visit in (visits[0], visits[-1]) if not images.has(visit)]
    return f"no synthesised image of {absent[0]}" if absent else None


def _controls(class_name: str, normal: NormalMyelin) -> dict[str, Any]:
    """Return what was learnt from controls, bin by bin; `high_mm` of the last one is None."""
    columns = (normal.edges_mm_[:-1], normal.edges_mm_[1:], normal.mean_, normal.sd_, normal.voxels_)
    return {
        "class": class_name,
        "people": normal.people_,
        "bins": [
            {
                "low_mm": float(low),
                "high_mm": float(high) if np.isfinite(high) else None,
                "mean": float(mean),
                "sd": float(sd),
                "threshold": float(mean - normal.deviations * sd),
                "voxels": int(voxels),
            }
            for low, high, mean, sd, voxels in zip(*columns, strict=True)
        ],
    }


def _row(patient: Patient, scores: Scores) -> dict[str, Any]:
    first = patient.first
    row: dict[str, Any] = {
        "participant": first.participant,
        "class": first.class_name,
        "sessions": [first.session, patient.last.session],
        "age_years": first.age_years if np.isfinite(first.age_years) else None,
        "sex": first.sex,
        "edss": edss_at(scores, first),
        "lesion_load_ml": patient.lesion_load_ml,
        "aligned": patient.alignment.matrix is not None,
        "visits_overlap": patient.alignment.overlap,
    }
    for name in (*SOURCES, "dice"):
        if (found := getattr(patient, name)) is not None:
            row[name] = {key: asdict(index) for key, index in found.items()}
    return row


def _groups(patients: list[Patient], sources: tuple[str, ...]) -> dict[str, Any]:
    """Return mean, standard deviation and number of people of each quantity by class."""
    classes = sorted({str(patient.first.class_name) for patient in patients})
    return {
        name: {
            source: {
                quantity: _summary([getattr(one, source)[quantity] for one in patients if one.first.class_name == name])
                for quantity in QUANTITIES
            }
            for source in sources
        }
        for name in classes
    }


def _summary(indices: list[Index]) -> dict[str, Any]:
    """Return mean, sd and n of the indices that are defined; None where too few are."""
    values = [index.value for index in indices if index.value is not None]
    return {
        "mean": float(np.mean(values)) if values else None,
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "n": len(values),
    }


def _agreement(patients: list[Patient]) -> dict[str, Any]:
    """Return Dice of each map over patients, and the limits of agreement, synthesised less true, of each quantity."""
    overlaps = {name: _summary([one.dice[name] for one in patients if one.dice is not None]) for name in MAPS}
    limits = {
        name: bland_altman(*([values_of(getattr(one, source), name) for one in patients] for source in SOURCES[::-1]))
        for name in QUANTITIES
    }
    return {"dice": overlaps, "bland_altman": {name: one.as_dict() for name, one in limits.items()}}


def _warnings(patients: list[Patient]) -> list[str]:
    apart = [one for one in patients if one.alignment.overlap < LEAST_OVERLAP]
    if not apart:
        return []
    names = ", ".join(f"{one.first.participant} ({one.alignment.overlap:.2f})" for one in apart[:5])
    return [
        f"the white matter of the two visits of {counted(len(apart), 'patient')} overlaps by a Dice below "
        f"{LEAST_OVERLAP:g}: {names}; look at whether the visits are of one person, and how they were segmented"
    ]
