"""Figures 2 to 4 of the slice VAE paper: generated volumes, their structures, and the realistic atlas score."""

from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.evaluation.scores import Score
from brainlab.experiments.evaluation.run_scores import scores_of
from brainlab.experiments.figures.sources import find_cohort, run_at_hand, source_line, unseen_tests
from brainlab.figures.charts import ranges
from brainlab.figures.sheet import BODY_IN, Sheet
from brainlab.figures.slices import (
    GREY_SCALE,
    LABEL_IN,
    LABEL_KEY_IN,
    Tile,
    explained_letters,
    label_key,
    show_tiles,
    tiles_height_in,
)
from brainlab.images.grid import PLANES
from brainlab.networks.perceptual.find import find_segmenter
from brainlab.runs.run import Run
from brainlab.types import Float32Array

COHORT = "simulated-t1-cubes"
PRESETS = {
    "Slice VAE": "slice-vae-64",
    "3D VAE": "vae3d-64",
    "3D WGAN-GP": "wgan-gp-64",
    "3D VAE-GAN": "vae-gan-64",
    "3D alpha-GAN": "alpha-gan-64",
    "3D alpha-WGAN": "alpha-wgan-64",
}
"""Methods as published, each with the run that stands for it: of this name, or else of this one and `-small`."""

SHOWN, SEED = 2, 1
"""Volumes of each row; the seed of samples."""
TILE_IN = 0.98
PLANE_OF_SLICES = "coronal"
REAL = "Real scans"
REFERENCE = "The paper's own are of other scans: a reference, no pass mark."


def samples() -> Sheet:
    """Figure 2: volumes that each run draws, in the plane of the slices and in the two that no slice was learned in."""
    dataset, runs, absent = _at_hand()
    rows = {"Held-out": dataset.batch(unseen_tests(dataset, list(runs.values()))[:SHOWN])[:, 0]}
    rows |= {title: run.sample(SHOWN, SEED)[1] for title, run in runs.items()}
    planes = (PLANE_OF_SLICES, *(plane for plane in PLANES if plane != PLANE_OF_SLICES))
    sheet = Sheet(
        tiles_height_in(len(rows), TILE_IN),
        "Generated T1-weighted volumes",
        source_line([dataset], list(runs.values())),
        f"""After figure 2 of the slice VAE paper. Each three tiles show one volume. Top: held-out people; other rows:
        the first {counted(SHOWN, "draw")} of each run with seed {SEED}, none left out. The slice VAE learned coronal
        slices one by one: what does not fit from slice to slice shows as ragged edges in its other two planes. Middle
        slices. {absent}{GREY_SCALE} {REFERENCE} {explained_letters(PLANES)}""",
    )
    tiles = [[Tile(image, dataset.grid, plane) for image in images for plane in planes] for images in rows.values()]
    headings = [f"{number + 1}, {plane}" for number in range(SHOWN) for plane in planes]
    show_tiles(sheet, tiles, headings, list(rows), tile_in=TILE_IN)
    return sheet


def structures() -> Sheet:
    """Figure 3: generated volumes, and the structures that the tissue network finds in them."""
    dataset, runs, absent = _at_hand()
    segmenter = find_segmenter(dataset.shape, dataset.recipe)
    rows = {"Held-out": dataset.batch(unseen_tests(dataset, list(runs.values()))[: SHOWN + 1])[:, 0]}
    rows |= {title: run.sample(SHOWN + 1, SEED)[1] for title, run in runs.items()}

    def pair(image: Float32Array) -> list[Tile]:
        return [
            Tile(image, dataset.grid, PLANE_OF_SLICES),
            Tile(
                segmenter.segment(image).astype("float32"), dataset.grid, PLANE_OF_SLICES, kinds=len(segmenter.labels)
            ),
        ]

    height = tiles_height_in(len(rows), TILE_IN)
    sheet = Sheet(
        height + LABEL_KEY_IN,
        "Structures of generated volumes",
        source_line([dataset], list(runs.values())),
        f"""After figure 3 of the slice VAE paper. Beside each volume the {counted(len(segmenter.regions), "structure")}
        that the tissue network {segmenter.name}, trained on {segmenter.kind}, finds in it, in colours. Top: held-out
        people; other rows: the first {SHOWN + 1} draws of each run with seed {SEED}, none left out. Middle slices.
        {absent}{REFERENCE} {explained_letters([PLANE_OF_SLICES])}""",
    )
    tiles = [[tile for image in images for tile in pair(image)] for images in rows.values()]
    headings = [text for number in range(SHOWN + 1) for text in (f"volume {number + 1}", "structures")]
    show_tiles(sheet, tiles, headings, list(rows), tile_in=TILE_IN)
    names = [name.replace("-", " ") for name in segmenter.regions]
    label_key(sheet.axes(LABEL_IN, height, BODY_IN - LABEL_IN, LABEL_KEY_IN), names)
    return sheet


def atlas_scores() -> Sheet:
    """Figure 4: the realistic atlas score of each run, and that of real scans among themselves."""
    _, runs, absent = _at_hand()
    found: dict[str, Score] = {}
    unmeasured, otherwise = [], []
    for title, run in runs.items():
        try:
            scores = scores_of(run)
        except InputError:
            unmeasured.append(run.name)
            continue
        score, real = scores.get("ras"), scores.get("ras_real")
        if score is None or score.value is None:
            unmeasured.append(run.name)
        elif found and _measured_on(score) != _measured_on(next(iter(found.values()))):
            otherwise.append(run.name)
        else:
            if real is not None and real.value is not None:
                found.setdefault(REAL, real)
            found[f"{title} ({run.name})"] = score
    if not found:
        raise InputError("needs evaluations with a realistic atlas score, got none; run 'brainlab evaluate'")
    without = f"Without a score: {', '.join(unmeasured)}. " if unmeasured else ""
    without += f"Measured on other scans or by another network: {', '.join(otherwise)}. " if otherwise else ""
    shown = sorted(found.items(), key=lambda item: item[0] != REAL)
    data = next(iter(found.values())).conditions.data
    height = 0.3 * len(found) + 0.5
    sheet = Sheet(
        height,
        "Realistic atlas score",
        source_line([], list(runs.values())),
        f"""After figure 4 of the slice VAE paper: Dice overlap of structures in generated volumes, fitted to held-out
        scans by an affine map, with those of the scans; mean over structures and pairs, with its 95% interval. Real
        scans fitted to those of other people show what people reach. It does not see whether volumes vary, and blurred
        ones are easier to fit. Measured on {data}. {without}{absent}{REFERENCE}""",
    )
    axes = sheet.axes(2.1, 0, BODY_IN - 2.2, height - 0.35)
    ranges(axes, {name: (score.value or 0.0, score.low, score.high) for name, score in shown})
    axes.set_xlabel("Dice, mean over structures")
    return sheet


def _measured_on(score: Score) -> tuple[str, object, object]:
    """Return what atlas scores must have in common to stand side by side."""
    settings = score.settings
    return score.conditions.data_sha256, settings.get("network_sha256"), settings.get("reference")


def _at_hand() -> tuple[PreparedDataset, dict[str, Run], str]:
    """Return the cohort, the runs that fit it, and a sentence on those that are not at hand. Raises where none is."""
    dataset = find_cohort(COHORT)
    runs = {}
    absent = []
    for title, name in PRESETS.items():
        run = run_at_hand(name) or run_at_hand(f"{name}-small")
        if run is not None and run.fits(dataset):
            runs[title] = run
        else:
            absent.append(name)
    if not runs:
        raise InputError(f"needs a run of {dataset.name}, got none; train one, such as 'brainlab train {absent[0]}'")
    return dataset, runs, f"Not shown, as there is no run: {', '.join(absent)}. " if absent else ""
