"""Figures 2.4, 2.5, 2.7, 3.4 and 4.3 of Wei's thesis: held-out scans, and what each method makes of their inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.evaluation.synthesis.lesions import segment_lesions
from brainlab.experiments.cross_validation.record import CrossValidation, learned_alike
from brainlab.experiments.figures.synthesis.at_hand import (
    REFERENCE,
    Methods,
    dataset_of,
    measure_of,
    methods_at_hand,
    run_of,
    source_of,
    with_runs,
)
from brainlab.experiments.figures.synthesis.names import CHAPTER_2, CHAPTER_3, CHAPTER_4, short
from brainlab.experiments.figures.synthesis.sections import (
    COLOURS,
    STEPS,
    HeldOutScan,
    common_limit,
    in_bands,
    of_median_load,
    tile_width_in,
    window_of,
    within,
)
from brainlab.experiments.synthesis.measure import intensity_scale
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.tables.translators import FCN, FIVE, FLAIR, PET, among, of_flair, of_method, of_pet
from brainlab.figures.sheet import Sheet
from brainlab.figures.slices import (
    LABEL_IN,
    explained_letters,
    scale_bar,
    show_tiles,
    tiles_height_in,
)
from brainlab.types import Float32Array

TRUE = "true"
BAND_GAP_IN, BAR_IN = 0.12, 0.3
SETS = (("T1w", "DIR"), ("T2w", "DIR"), ("T1w", "T2w"), ("T1w", "T2w", "DIR"), ("T1w", "T2w", "PDw"), FIVE)
"""Inputs of figure 2.7, and all five."""

LESION_COLOUR = "#e69f00"

Records = Sequence[CrossValidation]
Data = Sequence[PreparedDataset]


@dataclass(frozen=True)
class Shown:
    """How a target is shown. measure: named above each tile, as `label` and in this `form`.

    in_units: as intensities, from 0, in place of z-scores.
    """

    target: str
    measure: str
    label: str
    form: str
    unit: str
    in_units: bool = False


AS_FLAIR = Shown(FLAIR, "mse", "MSE", ".3f", "standard deviations of the brain")
AS_DVR = Shown(PET, "mse_in_units", "MSE", ".4f", "DVR", in_units=True)


def flair_by_method(records: Records, data: Data) -> Sheet:
    """Figure 2.4: a true FLAIR, what each method makes of the other sequences, and how far that is off."""
    methods = methods_at_hand(records, among(of_flair(), CHAPTER_2), FLAIR, "wei-2.4")
    return _compared(
        methods, data, "wei-2.4", AS_FLAIR, "Synthesised FLAIR by method", "After figure 2.4 of Wei's thesis. "
    )


def flair_by_inputs(records: Records, data: Data) -> Sheet:
    """Figure 2.7: FLAIR that the FCN makes of different sequences."""
    sets = {_named(names): of_method("fcn", names, kernel=3, depth=3) for names in SETS}
    alike = learned_alike(records, list(sets.values()), ("filters", "epochs"))
    methods = methods_at_hand(alike, sets, FLAIR, "wei-2.7")
    filters = next(iter(methods.records.values())).config["filters"]
    return _compared(
        methods,
        data,
        "wei-2.7",
        AS_FLAIR,
        "Synthesised FLAIR by input sequences",
        f"After figure 2.7 of Wei's thesis: the FCN, here with {filters} filters, learned from the "
        "sequences above each tile. ",
    )


def _named(inputs: Sequence[str]) -> str:
    """Return how a set of inputs is called above a tile."""
    return "all five" if inputs == FIVE else " + ".join(name.removesuffix("w") for name in inputs)


def pet_by_method(number: str, records: Records, data: Data) -> Sheet:
    """Figures 3.4 and 4.3: a true myelin PET, what each method makes of MR images, and how far that is off."""
    names = CHAPTER_3 if number == "3.4" else CHAPTER_4
    methods = methods_at_hand(records, among(of_pet(), names), PET, f"wei-{number}")
    return _compared(
        methods, data, f"wei-{number}", AS_DVR, "Synthesised PET by method", f"After figure {number} of Wei's thesis. "
    )


def _compared(methods: Methods, data: Data, figure: str, how: Shown, title: str, after: str) -> Sheet:
    """Return a sheet of a true image, each method's, and signed differences from the true one below."""
    methods, rows = with_runs(methods, figure)
    dataset = dataset_of(methods, data, figure)
    scan = of_median_load(dataset, rows)
    truth = _in_units(scan.sequences([how.target])[0], scan, how)
    made = {method: _in_units(made_by(record, scan), scan, how) for method, record in methods.records.items()}
    section, window = scan.section(), window_of(truth, scan.brain, 0.0 if how.in_units else None)
    seen = {method: within(scan.brain, image, window[0]) for method, image in made.items()}
    off = {method: within(scan.brain, image - truth) for method, image in made.items()}
    limit = common_limit(list(off.values()), scan.brain)
    bands = in_bands([TRUE, *made])
    tile_in = tile_width_in(len(bands[0]))
    band_in = tiles_height_in(2, tile_in) + BAND_GAP_IN
    height = len(bands) * band_in
    sheet = Sheet(
        height + BAR_IN,
        title,
        source_of(methods),
        f"""{after}A held-out scan of a patient, that of median lesion volume among those of the {len(rows)} that
        all methods shown held out; the axial slice that shows most of the lesions. Below the true image: the same with
        its lesions outlined. Below each other: how far it is off, red where too bright and blue where too dark. What
        methods make outside of the brain is left out.
        One grey scale for all, from {window[0]:.2g} to {window[1]:.2g} {how.unit}. {how.label}: of this whole scan's
        brain. {methods.said}{REFERENCE} {explained_letters(["axial"])}""",
        COLOURS,
    )
    outline = scan.lesions
    for number, titles in enumerate(bands):
        upper = [section.grey(truth if name == TRUE else seen[name], window) for name in titles]
        lower = [
            section.grey(truth, window, outline=outline) if name == TRUE else section.difference(off[name], limit)
            for name in titles
        ]
        headings = [
            f"true {how.target}" if name == TRUE else _heading(name, methods.records, scan, how) for name in titles
        ]
        show_tiles(sheet, [upper, lower], headings, ["image", "less true"], top=number * band_in, tile_in=tile_in)
    bar = sheet.axes(LABEL_IN + 0.35, height + 0.05, 1.3, 0.1)
    scale_bar(bar, (f"−{limit:g}", f"{limit:g}"), f"{how.unit}, synthesised less true", steps=2 * STEPS + 1)
    return sheet


def _heading(method: str, records: Mapping[str, CrossValidation], scan: HeldOutScan, how: Shown) -> str:
    value = measure_of(records[method], scan.row, how.measure)
    return short(method) if value is None else f"{short(method)}\n{how.label} {value:{how.form}}"


def made_by(record: CrossValidation, scan: HeldOutScan) -> Float32Array:
    """Return what the run that held out a scan makes of it, as z-scores [X, Y, Z]."""
    run = run_of(record, scan.row)
    return translate(run, scan.sequences(run.config.inputs))


def _in_units(image: Float32Array, scan: HeldOutScan, how: Shown) -> Float32Array:
    if not how.in_units:
        return image
    mean, spread = intensity_scale(scan.data, scan.row, how.target)
    return image * np.float32(spread) + np.float32(mean)


def segmented_lesions(records: Records, data: Data) -> Sheet:
    """Figure 2.5: lesions that one rule finds in true and synthesised FLAIR, where they agree most and least."""
    methods, rows = with_runs(methods_at_hand(records, among(of_flair(), CHAPTER_2), FLAIR, "wei-2.5"), "wei-2.5")
    dataset = dataset_of(methods, data, "wei-2.5")
    method = proposed_or_best(methods)
    record = methods.records[method]
    scored = {row: measure_of(record, row, "lesion_dice") for row in rows}
    known = sorted((value, row) for row, value in scored.items() if value is not None)
    if len(known) < 2:
        raise InputError(
            f"wei-2.5: needs two held-out scans or more with a Dice of their lesions, got {len(known)}; do the other "
            "folds too, of data with segmentations"
        )
    ends = {"highest": known[-1], "lowest": known[0]}
    tiles, labels = [], []
    for which, (value, row) in ends.items():
        scan = HeldOutScan(dataset, row)
        truth = scan.sequences([FLAIR])[0]
        made = made_by(record, scan)
        found = [segment_lesions(image, scan.white_matter) for image in (truth, made)]
        section, window = scan.section(found[0]), window_of(truth, scan.brain)
        tiles.append(
            [
                tile
                for image, lesions in zip((truth, made), found, strict=True)
                for tile in (
                    section.grey(image, window),
                    section.grey(image, window, painted=lesions.astype(np.uint8), colours=(LESION_COLOUR,)),
                )
            ]
        )
        labels.append(f"{which} Dice\n{value:.2f}")
    tile_in = tile_width_in(4)
    dice = record.values("lesion_dice")
    sheet = Sheet(
        tiles_height_in(len(tiles), tile_in),
        "Lesions segmented in true and synthesised FLAIR",
        source_of(methods),
        f"""After figure 2.5 of Wei's thesis: the scans with the highest and the lowest Dice among {len(known)} that
        {short(method)} ({record.name}) held out. One rule segments both images (white matter brighter than its median
        by 3 robust standard deviations, 5 voxels or more together), where the thesis had lesionBrain: its Dice of .73
        is not comparable. Mean over all {len(dice)} held-out scans with lesions: {dice.mean():.2f}. The axial slice
        that shows most of what is segmented in the true image; each scan has a grey scale of its own. {REFERENCE}
        {explained_letters(["axial"])}""",
        COLOURS,
    )
    show_tiles(
        sheet,
        tiles,
        ["true FLAIR", "lesions in it", f"synthesised\n{short(method)}", "lesions in it"],
        labels,
        tile_in=tile_in,
    )
    return sheet


def proposed_or_best(methods: Methods, proposed: str = FCN) -> str:
    """Return the proposed method where it is shown, else that of the lowest mean squared error."""
    if proposed in methods.records:
        return proposed
    return min(methods.records, key=lambda name: float(methods.records[name].values("mse").mean()))
