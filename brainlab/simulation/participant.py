"""One simulated participant: traits, visits, images and truth. Depends on the seed and on its number only."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from brainlab.cohort.template import grid_affine
from brainlab.simulation import lesions, longitudinal
from brainlab.simulation.acquisition import Scan, draw_scan, draw_scanner, scan_image
from brainlab.simulation.anatomy import Anatomy, Person, build_anatomy, draw_person, label_image
from brainlab.simulation.contrast import lesion_signal, tissue_signals
from brainlab.simulation.head import brain_surface, draw_native, head_signal, resample
from brainlab.simulation.lesions import LesionMaps
from brainlab.simulation.published import PUBLISHED_PARTICIPANTS
from brainlab.simulation.tissue_shares import TISSUES
from brainlab.types import Float32Array, FloatArray, UInt8Array

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

TISSUE_TEXTURE = np.float32(0.02)
REGIONAL = np.float32(0.04)


def ageing_of_tissue(age):
    grow = max(age - 25, 0) / 60
    f = np.ones((2, len(TISSUES)))
    f[1, TISSUES.index("white")] += 0.05 * grow
    f[1, TISSUES.index("deep_grey")] -= 0.10 * grow
    f[1, TISSUES.index("pallidum")] -= 0.10 * grow
    return f


def unevenness(anatomy, texture):
    """Relative deviation of relaxation times from a tissue's own [X, Y, Z]."""
    white = anatomy.shares[0]
    d = np.maximum(anatomy.ventricle_distance_mm, 0)
    x, y, z = anatomy.coordinates_mm()
    u = TISSUE_TEXTURE * texture + REGIONAL * anatomy.regional
    halo = (0.10 * np.exp(-d / 4.0) + 0.15 * np.exp(-d / 1.5)) * (0.6 + 0.8 * np.clip((-y - 10) / 40, 0, 1))
    tract = 0.10 * np.exp(-(((np.abs(x) - 24) / 6) ** 2 + ((y + 20 + 0.1 * z) / 9) ** 2)) * (z > -10)
    u += white * (halo + tract - 0.06 * (anatomy.region == 6)).astype(np.float32)
    side = np.abs(x)
    temporal = np.exp(-np.square((side - 26) / 9) - np.square((y + 16) / 17) - np.square((z + 17) / 9))
    insula = np.exp(-np.square((side - 38) / 5) - np.square((y - 4) / 16) - np.square((z - 2) / 12))
    arch = np.hypot((y + 2) / 46, (z + 2) / 36)
    cingulate = np.exp(-np.square((side - 4) / 5) - np.square((arch - 1.15) / 0.15)) * (z > -8)
    u += LIMBIC * anatomy.shares[1] * np.maximum(np.maximum(temporal, insula), cingulate)
    return u.astype(np.float32)


LIMBIC = 0.14


_OLD = np.float32(0.025)
"""Standard deviation of a tissue's signal from place to place; no brain is uniform."""

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


@dataclass(frozen=True)
class SimulatedScan:
    """One visit: image and truth on the image's grid, each [X, Y, Z], and the numbers of its table row."""

    session: str
    scan: Scan
    affine: FloatArray
    image: Float32Array
    brain: UInt8Array
    labels: UInt8Array
    lesion: UInt8Array
    myelin: Float32Array
    row: dict[str, Any]


@dataclass(frozen=True)
class SimulatedParticipant:
    """A participant with all visits; `row` is the line of participants.tsv, `sessions` those of the sessions table."""

    participant: str
    row: dict[str, Any]
    sessions: list[dict[str, Any]]
    scans: list[SimulatedScan]


def participant_id(seed: int, number: int) -> str:
    """Return the BIDS id, which carries the seed so that people of two cohorts never share one."""
    return f"sub-S{seed}P{number:05d}"


def simulate_participant(settings: CohortSettings, number: int) -> SimulatedParticipant:
    """Simulate one participant of a cohort, counted from 1."""
    person_rng, disease_rng, scan_rng = (np.random.default_rng([settings.seed, number, part]) for part in range(3))
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
    jitter = 1 + person_rng.normal(0, 0.02, (2, len(TISSUES)))
    visits = longitudinal.draw_visits(disease_rng, class_name)
    scanner = draw_scanner(scan_rng, class_name, settings.acquisition_bias)

    first = build_anatomy(person, settings.voxel_size_mm)
    ratio = float((first.brain >= 0.5).sum()) * settings.voxel_size_mm**3 / 1000 / person.mask_volume_ml
    disease = Disease.draw(disease_rng, first, person, class_name, load_ml * ratio, visits)
    scans: list[SimulatedScan] = []
    maps: list[LesionMaps] = []
    for visit, years in enumerate(visits.years):
        anatomy = first if visit == 0 else build_anatomy(person.older_by(years), settings.voxel_size_mm)
        texture = lesions.texture_noise(disease.seed, anatomy)
        maps.append(disease.at_visit(anatomy, visit, texture))
        scan = draw_scan(scan_rng, scanner)
        scans.append(_scan_visit(settings, scan_rng, anatomy, maps[-1], texture, scan, jitter, ratio, visit + 1))

    name = participant_id(settings.seed, number)
    row: dict[str, Any] = {"participant_id": name, "age": person.age_years, "sex": sex, "class": class_name}
    sessions: list[dict[str, Any]] = []
    index = None
    if class_name == "ms":
        index = longitudinal.dynamic_remyelination(maps[0].demyelinated, maps[-1].demyelinated)
        row["dynamic_remyelination"] = round(index, 5)
    for years, result in zip(visits.years, scans, strict=True):
        age_then = round(person.age_years + years, 2)
        session: dict[str, Any] = {"session_id": result.session, "age": age_then, "years_since_first": years}
        if index is not None:
            load = result.row["lesion_volume_ml"]
            session["edss"] = longitudinal.disability(disease_rng, index, age_then, sex, load)
        sessions.append(session)
        result.row.update(participant_id=name, session_id=result.session, age_years=age_then, sex=sex)
        result.row["class"] = class_name
    return SimulatedParticipant(name, row, sessions, scans)


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
    """How much older a disease makes a brain look: multiple sclerosis by 8 years and more with its load."""
    return {"ms": 8 + min(0.3 * load_ml, 10), "leuko3": 2.0}.get(class_name, 0.0)


def _scan_visit(
    settings: CohortSettings,
    rng: np.random.Generator,
    anatomy: Anatomy,
    maps: LesionMaps,
    texture: Float32Array,
    scan: Scan,
    jitter: FloatArray,
    ratio: float,
    visit: int,
) -> SimulatedScan:
    """Image one visit, on the template's grid without skull or as a head in the scanner."""
    jitter = jitter * ageing_of_tissue(anatomy.age_years)
    step = 0.01
    signals = tissue_signals("FLAIR", scan.flair, jitter)
    slopes = (tissue_signals("FLAIR", scan.flair, jitter * (1 + step)) - signals) / step
    uneven = unevenness(anatomy, texture)
    signal = np.zeros(anatomy.shape, np.float32)
    slope = np.zeros(anatomy.shape, np.float32)
    for share, level, rise in zip(anatomy.shares, signals, slopes, strict=True):
        signal += np.float32(level) * share
        slope += np.float32(rise) * share
    signal += slope * uneven
    ill = maps.share > 0
    signal[ill] += maps.share[ill] * (lesion_signal("FLAIR", scan.flair, maps.damage[ill]) - signal[ill])
    signal *= anatomy.brain
    labels, myelin = label_image(anatomy, maps.share), lesions.myelin_map(anatomy, maps)
    row = _volumes(anatomy, maps, labels, ratio)
    session = f"ses-{visit:02d}"
    brain = anatomy.brain >= 0.5
    if settings.space == "mni":
        size = anatomy.voxel_size_mm
        image = np.maximum(scan_image(signal, float(signals[0]), scan, (size, size, size)), 1) * brain
        image, mask, labels, myelin = (
            anatomy.embed(array) for array in (image, brain.astype(np.uint8), labels, myelin)
        )
        lesion = (labels == 11).astype(np.uint8)
        return SimulatedScan(session, scan, grid_affine(size), image, mask, labels, lesion, myelin, row)
    native = draw_native(rng, scan, anatomy, ratio)
    head, head_affine = head_signal(anatomy, signal, scan)
    x, y, z = np.abs(np.diag(native.affine)[:3])
    sharp = replace(scan, thickness_mm=float(z))  # the slice profile is in the head's signal already
    image = scan_image(resample(native, head, head_affine), float(signals[0]), sharp, (x, y, z))
    mask = (resample(native, brain_surface(anatomy), anatomy.affine) >= 0.5).astype(np.uint8)
    labels = resample(native, labels, anatomy.affine, order=0) * mask
    lesion = (labels == 11).astype(np.uint8)
    myelin = resample(native, myelin, anatomy.affine)
    return SimulatedScan(session, scan, native.affine, image, mask, labels, lesion, myelin, row)


def _volumes(anatomy: Anatomy, maps: LesionMaps, labels: UInt8Array, ratio: float) -> dict[str, Any]:
    """Return the truth table's volumes in ml of the real head; ratio: template volume over real volume."""
    unit = anatomy.voxel_size_mm**3 / 1000 / ratio
    inside = anatomy.brain >= 0.5
    tissue = float((1 - anatomy.shares[7])[inside].sum()) * unit
    return {
        "brain_volume_ml": round(tissue, 3),
        "intracranial_volume_ml": round(float(inside.sum()) * unit, 3),
        "ventricle_volume_ml": round(float((labels == 5).sum()) * unit, 3),
        "lesion_volume_ml": round(float((labels == 11).sum()) * unit, 3),
        "demyelinated_volume_ml": round(float((maps.demyelinated >= 0.5).sum()) * unit, 3),
        "template_volume_ratio": round(ratio, 5),
    }
