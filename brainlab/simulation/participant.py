"""One simulated participant: traits, visits, images and truth. Depends on the seed and on its number only."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from brainlab.simulation.disease import lesions, longitudinal
from brainlab.simulation.disease.lesions import LesionMaps
from brainlab.simulation.disease.stroke import FLUID, draw_infarct
from brainlab.simulation.people.anatomy import Anatomy, Person, build_anatomy, draw_person
from brainlab.simulation.published import PUBLISHED_PARTICIPANTS
from brainlab.simulation.scanning.head import build_head, draw_position
from brainlab.simulation.scanning.imaging import HeadInScanner, SimulatedImage, image_visit
from brainlab.simulation.sequences.composition import VisitTissue
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import Scanner, draw_scanner
from brainlab.simulation.sequences.variation import (
    ageing_of_tissue,
    coherence,
    combined,
    disease_of_tissue,
    draw_tissue_factors,
    unevenness,
)
from brainlab.types import Float32Array, FloatArray

PERSON, DISEASE, SCANNER, TISSUE, STROKE, HEAD, POSITION, SCAN = range(8)
"""Parts of a participant, each with random numbers of its own."""

AGES_YEARS = {
    "healthy": (39, 24, 10, 90),
    "ms": (46, 14, 16, 80),
    "leuko1": (73, 10, 45, 97),
    "leuko2": (76, 9, 45, 97),
    "leuko3": (81, 8, 45, 97),
}
"""Mean and standard deviation of table 1, and the range to which ages are truncated here."""

LOADS_ML = {
    "ms": (9.5, 0.9, 1.0, 60.0),
    "leuko1": (5.5, 0.6, 1.5, 30),
    "leuko2": (13, 0.5, 5, 50),
    "leuko3": (24, 0.5, 8, 75),
}
"""Lesion load in the real head: median in ml, standard deviation of its logarithm, least, most. They overlap."""

WOMEN = {"ms": 0.7}
"""Share of women where it is not a half."""


@dataclass(frozen=True)
class CohortSettings:
    """What a cohort is made of; with a participant's number it decides every byte of that participant."""

    seed: int
    classes: tuple[tuple[str, float], ...] = tuple(PUBLISHED_PARTICIPANTS.items())
    """Names and weights; a participant's class is drawn with them. By default as in the FLAIR paper's table 1."""
    space: str = "mni"
    voxel_size_mm: int = 2
    acquisition_bias: str = "none"
    modalities: tuple[str, ...] = ("FLAIR",)
    """Names of SEQUENCES; every one is imaged at each visit."""
    stroke_share: float = 0.0
    """Share of people with an acute infarct, which they have at their last visit."""
    sites: tuple[str, ...] = ()
    """Names of the SCANNERS where people are scanned; all of them where none is named."""


@dataclass(frozen=True)
class SimulatedVisit:
    """One visit: its images, one a sequence, and the numbers of its table row."""

    session: str
    images: list[SimulatedImage]
    row: dict[str, Any]


@dataclass(frozen=True)
class SimulatedParticipant:
    """A participant with all visits; `row` is the line of participants.tsv, `sessions` those of the sessions table."""

    participant: str
    row: dict[str, Any]
    sessions: list[dict[str, Any]]
    visits: list[SimulatedVisit]


def participant_id(seed: int, number: int) -> str:
    """Return the BIDS id, which carries the seed so that people of two cohorts never share one."""
    return f"sub-S{seed}P{number:05d}"


def simulate_participant(settings: CohortSettings, number: int) -> SimulatedParticipant:
    """Simulate one participant of a cohort, counted from 1."""
    person_rng, disease_rng, scanner_rng = (_stream(settings, number, part) for part in (PERSON, DISEASE, SCANNER))
    class_name = _draw_class(person_rng, settings)
    mean, deviation, low, high = AGES_YEARS[class_name]
    age = float(
        stats.truncnorm.rvs(
            (low - mean) / deviation, (high - mean) / deviation, mean, deviation, random_state=person_rng
        )
    )
    sex = "F" if person_rng.random() < WOMEN.get(class_name, 0.5) else "M"
    load_ml = draw_load(disease_rng, class_name)
    person = draw_person(person_rng, round(age, 1), sex, _atrophy_years(class_name, load_ml))
    factors = draw_tissue_factors(person_rng, _stream(settings, number, TISSUE))
    visits = longitudinal.draw_visits(disease_rng, class_name)
    scanner = draw_scanner(scanner_rng, class_name, settings.acquisition_bias, settings.sites)
    stroke_rng = _stream(settings, number, STROKE)
    had_stroke = stroke_rng.random() < settings.stroke_share

    first = build_anatomy(person, settings.voxel_size_mm)
    ratio = float((first.brain >= 0.5).sum()) * settings.voxel_size_mm**3 / 1000 / person.mask_volume_ml
    disease = Disease.draw(disease_rng, first, person, class_name, load_ml * ratio, visits)
    made: list[SimulatedVisit] = []
    maps: list[LesionMaps] = []
    for visit, years in enumerate(visits.years):
        anatomy = first if visit == 0 else build_anatomy(person.older_by(years), settings.voxel_size_mm)
        texture = lesions.texture_noise(disease.seed, anatomy)
        maps.append(disease.at_visit(anatomy, visit, texture))
        acute = had_stroke and visit == len(visits.years) - 1
        tissue = VisitTissue(
            anatomy=anatomy,
            lesions=maps[-1],
            infarct=draw_infarct(stroke_rng, anatomy) if acute else None,
            uneven=unevenness(anatomy, texture, class_name),
            coherence=coherence(anatomy, texture),
            factors=combined(factors, ageing_of_tissue(person.age_years + years), disease_of_tissue(class_name)),
        )
        made.append(_scan_visit(settings, number, visit, tissue, scanner, ratio))

    name = participant_id(settings.seed, number)
    row: dict[str, Any] = {"participant_id": name, "age": person.age_years, "sex": sex, "class": class_name}
    sessions: list[dict[str, Any]] = []
    index = None
    if class_name == "ms":
        index = longitudinal.dynamic_remyelination(maps[0].demyelinated, maps[-1].demyelinated)
        row["dynamic_remyelination"] = round(index, 5)
    for years, result in zip(visits.years, made, strict=True):
        age_then = round(person.age_years + years, 2)
        session: dict[str, Any] = {"session_id": result.session, "age": age_then, "years_since_first": years}
        if index is not None:
            load = result.row["lesion_volume_ml"]
            session["edss"] = longitudinal.disability(disease_rng, index, age_then, sex, load)
        sessions.append(session)
        result.row.update(participant_id=name, session_id=result.session, age_years=age_then, sex=sex)
        result.row["class"] = class_name
    return SimulatedParticipant(name, row, sessions, made)


def draw_load(rng: np.random.Generator, class_name: str) -> float:
    """Draw the lesion load in ml of the real head; 0 for the healthy, who have only what age brings."""
    if class_name not in LOADS_ML:
        return 0.0
    median, spread, low, high = LOADS_ML[class_name]
    return float(np.clip(median * np.exp(rng.normal(0, spread)), low, high))


@dataclass(frozen=True)
class Disease:
    """A person's lesions over time: plaques one by one, and a vascular load that grows with age."""

    plaques: list[lesions.Plaque]
    remyelinated: FloatArray
    """Share of each plaque with its myelin back [visits, plaques]."""
    vascular_ml: tuple[float, ...]
    """Template ml at each visit."""
    vascular_damage: float
    visits: longitudinal.Visits
    seed: int

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        anatomy: Anatomy,
        person: Person,
        class_name: str,
        load_ml: float,
        visits: longitudinal.Visits,
    ) -> "Disease":
        """Draw the lesions of one person. load_ml: in template ml."""
        ageing_ml = min(0.12 * float(np.exp(0.05 * max(person.age_years - 40, 0) + rng.normal(0, 0.7))), 6.0)
        plaques: list[lesions.Plaque] = []
        if class_name == "ms":
            follow_up = visits.years[-1]
            plaques = lesions.draw_plaques(rng, anatomy, load_ml, 0.04 * follow_up * load_ml, follow_up)
        vascular = load_ml if class_name.startswith("leuko") else ageing_ml
        return cls(
            plaques,
            longitudinal.draw_remyelination(rng, len(plaques), visits),
            tuple(vascular * 1.08**years for years in visits.years),
            float(np.clip(rng.normal(0.78, 0.12), 0.4, 1.0)),
            visits,
            int(rng.integers(2**62)),
        )

    def at_visit(self, anatomy: Anatomy, visit: int, texture: Float32Array) -> LesionMaps:
        """Draw all lesions of one visit; where two kinds meet, the heavier one counts."""
        vascular = lesions.vascular_lesions(anatomy, self.seed, self.vascular_ml[visit], self.vascular_damage)
        if not self.plaques:
            return vascular
        plaques = lesions.render_plaques(
            anatomy, self.plaques, self.visits.years[visit], self.remyelinated[visit], texture
        )
        own = plaques.share >= vascular.share
        return LesionMaps(
            np.maximum(plaques.share, vascular.share),
            np.where(own, plaques.damage, vascular.damage),
            np.where(own, plaques.demyelinated, vascular.demyelinated),
        )


def _draw_class(rng: np.random.Generator, settings: CohortSettings) -> str:
    """Draw a class with the cohort's weights."""
    names, weights = zip(*settings.classes, strict=True)
    return str(names[int(rng.choice(len(names), p=np.array(weights) / sum(weights)))])


def _atrophy_years(class_name: str, load_ml: float) -> float:
    """How much older a disease makes a brain look: multiple sclerosis by 6 years and more with its load, about
    ten in all (Cole et al., Ann Neurol 88:93, 2020)."""
    return {"ms": 6 + min(0.3 * load_ml, 8), "leuko3": 2.0}.get(class_name, 0.0)


def _scan_visit(
    settings: CohortSettings, number: int, visit: int, tissue: VisitTissue, scanner: Scanner, ratio: float
) -> SimulatedVisit:
    """Image one visit, on the template's grid without skull or as a head in the scanner."""

    def stream(name: str) -> np.random.Generator:
        return _stream(settings, number, SCAN, visit, zlib.crc32(name.encode()))

    native = None
    if settings.space == "native":
        # The seed and not the visit makes the head: a person keeps it.
        head = build_head(tissue.anatomy, int(_stream(settings, number, HEAD).integers(2**62)))
        native = HeadInScanner(head, draw_position(_stream(settings, number, POSITION, visit), ratio))
    sequences = tuple(SEQUENCES[name] for name in settings.modalities)
    images = image_visit(tissue, sequences, scanner, stream, native)
    return SimulatedVisit(f"ses-{visit + 1:02d}", images, _volumes(tissue, ratio, settings.stroke_share > 0))


def _stream(settings: CohortSettings, number: int, *part: int) -> np.random.Generator:
    """Return the random numbers of one part of one participant, which no other part can disturb."""
    return np.random.default_rng([settings.seed, number, *part])


def _volumes(tissue: VisitTissue, ratio: float, strokes: bool) -> dict[str, Any]:
    """Return the truth table's volumes in ml of the real head; ratio: template volume over real volume."""
    anatomy, labels = tissue.anatomy, tissue.labels
    unit = anatomy.voxel_size_mm**3 / 1000 / ratio
    inside = anatomy.brain >= 0.5
    solid = float((1 - anatomy.shares[FLUID])[inside].sum()) * unit
    row = {
        "brain_volume_ml": round(solid, 3),
        "intracranial_volume_ml": round(float(inside.sum()) * unit, 3),
        "ventricle_volume_ml": round(float((labels == 5).sum()) * unit, 3),
        "lesion_volume_ml": round(float((labels == 11).sum()) * unit, 3),
        "demyelinated_volume_ml": round(float((tissue.lesions.demyelinated >= 0.5).sum()) * unit, 3),
        "template_volume_ratio": round(ratio, 5),
    }
    if strokes:
        voxels = 0 if tissue.infarct is None else int(tissue.infarct.mask(anatomy).sum())
        row["stroke_volume_ml"] = round(voxels * unit, 3)
    return row
