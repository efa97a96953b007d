"""Figures 2.6 and 3.9 of Wei's thesis: on which inputs, and where in them, the error of a run depends."""

from collections.abc import Sequence

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
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
from brainlab.experiments.figures.synthesis.names import CHAPTER_2, short
from brainlab.experiments.figures.synthesis.sections import (
    COLOURS,
    of_median_load,
    spread_over_load,
    tile_width_in,
    window_of,
    within,
)
from brainlab.experiments.figures.synthesis.translator_images import proposed_or_best
from brainlab.experiments.synthesis.attention import attention_of_row, focus
from brainlab.experiments.synthesis.saliency import saliency_of_row
from brainlab.experiments.tables.translators import (
    FLAIR,
    PET,
    SKETCHER,
    UNET,
    WEIGHTED,
    among,
    of_flair,
    of_pet,
)
from brainlab.figures.sheet import Sheet
from brainlab.figures.slices import LABEL_IN, Tile, explained_letters, scale_bar, show_tiles, tiles_height_in
from brainlab.types import Float32Array

Records = Sequence[CrossValidation]
Data = Sequence[PreparedDataset]

BRIGHTEST = 99.5
"""Percentile of a map in the brain that is brightest."""
PATIENTS, BAR_IN = 4, 0.3


def p3s_maps(records: Records, data: Data) -> Sheet:
    """Figure 2.6: the saliency map of each input sequence, above the sequence."""
    methods, rows = with_runs(methods_at_hand(records, among(of_flair(), CHAPTER_2), FLAIR, "wei-2.6"), "wei-2.6")
    dataset = dataset_of(methods, data, "wei-2.6")
    method = proposed_or_best(methods)
    record = methods.records[method]
    scan = of_median_load(dataset, rows)
    run = run_of(record, scan.row)
    found = saliency_of_row(run, dataset, scan.row)
    shares = found.contributions or (None,) * len(found.maps)
    images, section = scan.sequences(run.config.inputs), scan.section()
    highest = _brightest(found.maps[:, scan.brain])
    columns = len(images)
    tile_in = tile_width_in(columns)
    height = tiles_height_in(2, tile_in)
    sheet = Sheet(
        height + BAR_IN,
        "Saliency of the input sequences",
        source_of(methods),
        f"""After figure 2.6 of Wei's thesis: pulse-sequence-specific saliency maps of {short(method)} ({record.name}),
        the absolute gradient of the norm of true less synthesised FLAIR by each voxel of each input, over the whole
        scan; lesions are outlined. A held-out patient of median lesion volume; the axial slice that shows most of the
        lesions. All maps share one scale. Shares: of the mean map in the brain, summing to 100%. A gradient says what a
        small change of an input would do, and nothing of what a sequence would add that the others have already.
        {REFERENCE} {explained_letters(["axial"])}""",
        COLOURS,
    )
    maps = [section.heat(within(scan.brain, each), highest, scan.lesions) for each in found.maps]
    inputs = [section.grey(each, window_of(each, scan.brain)) for each in images]
    headings = [
        name if share is None else f"{name}\n{share:.0%} of saliency"
        for name, share in zip(run.config.inputs, shares, strict=True)
    ]
    show_tiles(sheet, [maps, inputs], headings, ["saliency", "input"], tile_in=tile_in)
    bar = sheet.axes(LABEL_IN + 0.35, height + 0.1, 1.3, 0.1)
    scale_bar(bar, ("0", f"{highest:.2g}"), "per standard deviation of an input", heat=True)
    return sheet


def visual_attention_maps(records: Records, data: Data) -> Sheet:
    """Figure 3.9: where the error of a generator depends on its inputs, learned without and with weights of regions."""
    methods, rows = _pair(records)
    dataset = dataset_of(methods, data, "wei-3.9")
    scans = spread_over_load(dataset, rows, PATIENTS)
    plain, weighted = methods.records
    told: dict[str, list[float]] = {plain: [], weighted: []}
    tiles: list[list[Tile]] = [[], [], []]
    for scan in scans:
        section, truth = scan.section(), scan.sequences([PET])[0]
        tiles[0].append(section.grey(truth, window_of(truth, scan.brain), outline=scan.lesions))
        for line, (method, record) in zip(tiles[1:], methods.records.items(), strict=True):
            found = attention_of_row(run_of(record, scan.row), dataset, scan.row)
            line.append(section.heat(within(scan.brain, found), _brightest(found[scan.brain]), scan.lesions))
            told[method].append(focus(found, scan.lesions, scan.brain) or 0.0)
    tile_in = tile_width_in(len(scans))
    height = tiles_height_in(3, tile_in)
    sheet = Sheet(
        height,
        "Where the error of a run depends on its inputs",
        source_of(methods),
        f"""After figure 3.9 of Wei's thesis: visual attention saliency of {short(plain)}, learned with L1 and with
        weighted L1 (equation 3.5): the absolute gradient of that error by the inputs, the maximum over these, without
        the discriminator. Top: true DVR with the lesions outlined, of held-out patients from few to many lesions. Each
        map has a scale of its own. Focus: mean in lesions over mean in the brain; {_mean_focus(told)} on average. The
        weights are in the gradient itself: an error that weighs lesions more rises there for any network, whatever it
        has learned. {methods.said}{REFERENCE} {explained_letters(["axial"])}""",
        COLOURS,
    )
    headings = [f"focus {first:.1f} → {second:.1f}" for first, second in zip(told[plain], told[weighted], strict=True)]
    show_tiles(sheet, tiles, headings, ["true DVR", "L1", "weighted L1"], tile_in=tile_in)
    return sheet


def _pair(records: Records) -> tuple[Methods, list[int]]:
    """Return the first method that has runs of the same scans by either error."""
    absent: InputError | None = None
    for method in (SKETCHER, UNET):
        try:
            found = methods_at_hand(records, among(of_pet(), (method, method + WEIGHTED)), PET, "wei-3.9", fewest=2)
            shown, rows = with_runs(found, "wei-3.9")
        except InputError as error:
            absent = absent or error
            continue
        if len(shown.records) == 2:
            return shown, rows
    raise absent or InputError(
        "wei-3.9: needs runs of the same fold by l1 and by weighted-l1, got those of one alone; keep both"
    )


def _mean_focus(told: dict[str, list[float]]) -> str:
    return " and ".join(f"{np.mean(values):.1f}" for values in told.values())


def _brightest(values: Float32Array) -> float:
    return max(float(np.percentile(values, BRIGHTEST)), 1e-12)
