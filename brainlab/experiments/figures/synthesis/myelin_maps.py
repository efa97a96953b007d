"""Figure 4.6 of Wei's thesis: where in lesions true and synthesised PET find myelin lost, and where they agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, RegistrationError
from brainlab.experiments.cross_validation.record import CrossValidation
from brainlab.experiments.figures.synthesis.at_hand import (
    REFERENCE,
    Methods,
    dataset_of,
    methods_at_hand,
    run_of,
    source_of,
    with_runs,
)
from brainlab.experiments.figures.synthesis.names import CHAPTER_4, short
from brainlab.experiments.figures.synthesis.sections import COLOURS, HeldOutScan, tile_width_in
from brainlab.experiments.myelin.alignment import align
from brainlab.experiments.myelin.lesions_of_visit import LesionMyelin, compare_lesions
from brainlab.experiments.myelin.patients import judged, learn_normal_myelin
from brainlab.experiments.myelin.visits import PetVisits, Visit
from brainlab.experiments.synthesis.whole_scans import translate_row
from brainlab.experiments.tables.translators import PET, REFINER_CF_SAGAN, among, of_pet
from brainlab.figures.sheet import BODY_IN, Sheet
from brainlab.figures.slices import LABEL_IN, Tile, explained_letters, label_key, show_tiles, tiles_height_in
from brainlab.myelin.indices import MyelinMaps
from brainlab.myelin.normal_myelin import NormalMyelin
from brainlab.myelin.overlap import AGREEMENT
from brainlab.types import Float32Array, UInt8Array

AGREEMENT_COLOURS = ("#ffffff", "#f0e442", "#0072b2", "#d55e00")
"""Neither, both, only the true, only the synthesised: as in the thesis but for red, which is not told from dark grey by
everyone."""
CHANGE_COLOURS = ("#ffffff", "#d55e00", "#0072b2")
"""Unchanged, demyelinating, remyelinating."""
CHANGES = ("unchanged", "demyelinating", "remyelinating")
PLACES = ("high", "middle", "low")
DIMMED = 1.6
"""Highest DVR of the window, in units of the highest of white matter: lesions stand out of a darker brain."""
KEY_IN = 0.26


@dataclass(frozen=True)
class Judged:
    """A patient's first visit, and how true and synthesised PET compare there."""

    first: Visit
    last: Visit
    myelin: LesionMyelin

    @property
    def dice(self) -> float:
        assert self.myelin.overlap.value is not None
        return self.myelin.overlap.value


def agreement_maps(records: Sequence[CrossValidation], data: Sequence[PreparedDataset]) -> Sheet:
    """Figure 4.6: voxels that lost or regained myelin by true and by synthesised PET, of three patients."""
    methods, rows = _one_method(records)
    dataset = dataset_of(methods, data, "wei-4.6")
    (method, record), *_ = methods.records.items()
    cohort = PetVisits.open(dataset.folder)
    normal = learn_normal_myelin(cohort)
    found = _judged_patients(cohort, normal, record, rows)
    places = dict(zip(PLACES, (0, len(found) // 2, len(found) - 1), strict=True))
    tiles, labels = [], []
    for which, place in places.items():
        patient = found[place]
        tiles.append(_tiles(cohort, normal, record, patient))
        labels.append(f"{which}\nDice {patient.dice:.2f}")
    tile_in = tile_width_in(4)
    height = tiles_height_in(len(tiles), tile_in)
    sheet = Sheet(
        height + 2 * KEY_IN + 0.1,
        "Demyelinated voxels by true and synthesised PET",
        source_of(methods),
        f"""After figures 4.4 B and 4.6 of Wei's thesis: the patients with the highest, middle and lowest Dice of
        demyelinated voxels at baseline among {len(found)} whom {short(method)} ({record.name}) held out at both visits
        (mean {np.mean([one.dice for one in found]):.2f}). The axial slice that shows most of the lesions, on true
        baseline DVR. Agreement: lesion voxels that are demyelinated at baseline. Change: what is demyelinated at one
        visit alone. Thresholds are those of controls' true PET for both. {methods.said}{REFERENCE}
        {explained_letters(["axial"])}""",
        COLOURS,
    )
    headings = ["true DVR\nlesions outlined", "agreement\nat baseline", "change\ntrue PET", "change\nsynthesised PET"]
    show_tiles(sheet, tiles, headings, labels, tile_in=tile_in)
    for line, (title, names, colours) in enumerate(
        (("agreement", list(AGREEMENT.values())[1:], AGREEMENT_COLOURS), ("change", CHANGES, CHANGE_COLOURS))
    ):
        above = height + 0.08 + line * KEY_IN
        sheet.text(0, above + KEY_IN / 2, title, va="center", fontsize=7.5)
        label_key(sheet.axes(LABEL_IN, above, BODY_IN - LABEL_IN, KEY_IN), names, rows=1, colours=colours)
    return sheet


def _one_method(records: Sequence[CrossValidation]) -> tuple[Methods, list[int]]:
    """Return the proposed method where it has runs, else the one with runs that has the least error."""
    found = methods_at_hand(records, among(of_pet(), CHAPTER_4), PET, "wei-4.6")
    errors = {name: record.values("mse_in_units") for name, record in found.records.items()}
    best = sorted(errors, key=lambda name: (name != REFINER_CF_SAGAN, float(errors[name].mean())))
    refused: InputError | None = None
    for name in best:
        try:
            return with_runs(Methods({name: found.records[name]}), "wei-4.6")
        except InputError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _judged_patients(
    cohort: PetVisits, normal: NormalMyelin, record: CrossValidation, rows: Sequence[int]
) -> list[Judged]:
    """Return the patients with lesions whose first and last visits were held out, by Dice, highest first."""
    found = []
    for visits in cohort.people().values():
        first, last = visits[0], visits[-1]
        if first.class_name == "healthy" or len(visits) < 2 or not {first.row, last.row} <= set(rows):
            continue
        made = translate_row(run_of(record, first.row), cohort.dataset, first.row)
        myelin = compare_lesions(cohort, normal, first.row, made)
        if myelin is not None and myelin.overlap.value is not None:
            found.append(Judged(first, last, myelin))
    if len(found) < len(PLACES):
        raise InputError(
            f"wei-4.6: needs {len(PLACES)} patients with lesions whose two visits were held out, got {len(found)}; do "
            "more folds, of data with two visits each"
        )
    return sorted(found, key=lambda one: (-one.dice, one.first.row))


def _tiles(cohort: PetVisits, normal: NormalMyelin, record: CrossValidation, patient: Judged) -> list[Tile]:
    scan = HeldOutScan(cohort.dataset, patient.first.row)
    section, dvr = scan.section(), cohort.dvr(patient.first)
    high = float(np.percentile(dvr[scan.brain], 99.8))
    true, made = _changes(cohort, normal, record, patient)
    dim = (0.0, DIMMED * high)
    return [
        section.grey(dvr, (0.0, high), outline=scan.lesions),
        section.grey(dvr, dim, painted=patient.myelin.agreement, colours=AGREEMENT_COLOURS),
        section.grey(dvr, dim, painted=true, colours=CHANGE_COLOURS),
        section.grey(dvr, dim, painted=made, colours=CHANGE_COLOURS),
    ]


def _changes(
    cohort: PetVisits, normal: NormalMyelin, record: CrossValidation, patient: Judged
) -> tuple[UInt8Array, UInt8Array]:
    """Return the changes between both visits by true and by synthesised PET. Raises InputError where they lie apart."""
    first, last = patient.first, patient.last
    before, after = cohort.labels(first), cohort.labels(last)
    try:
        alignment = align(cohort, first, last, before, after)
    except RegistrationError as error:
        raise InputError(f"wei-4.6: {first.name} and {last.name} lie apart: {error}") from error

    def made(visit: Visit) -> Float32Array:
        return translate_row(run_of(record, visit.row), cohort.dataset, visit.row)

    pairs = ((cohort.dvr(first), cohort.dvr(last)), (made(first), made(last)))
    true, synthesised = (judged(normal, before, after, pair, alignment)[0] for pair in pairs)
    return change_map(true), change_map(synthesised)


def change_map(maps: MyelinMaps) -> UInt8Array:
    """Return 0 outside lesions, and 1, 2 or 3 where they are unchanged, demyelinating or remyelinating [X, Y, Z]."""
    number = np.select([maps.demyelinating, maps.remyelinating], [2, 3], 1)
    return np.where(maps.lesion, number, 0).astype(np.uint8)
