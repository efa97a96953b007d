"""Figures 3 and 4 of the DWI comparison paper: reconstructions and samples at three levels of the brain."""

from brainlab.counted import counted
from brainlab.experiments.figures.levels import TOLERANCE, at_levels, level_labels, samples_at, slice_numbers, whose
from brainlab.experiments.figures.reconstructions import reconstruct
from brainlab.experiments.figures.sources import find_cohort, find_run, source_line, unseen_tests
from brainlab.figures.sheet import Sheet
from brainlab.figures.slices import GREY_SCALE, Tile, explained_letters, show_tiles, tiles_height_in

COHORT = "simulated-dwi"
RECONSTRUCTING = {"VAE": "dwi-vae-small", "DFC VAE": "dwi-dfc-vae-small", "IntroVAE": "dwi-ivae-small"}
RUNS = {**RECONSTRUCTING, "Style-based GAN": "dwi-stylegan-small"}
"""Methods as published, each with the run that stands for it."""

LEVELS = 3
SEED, DRAWN = 1, 64
"""The seed of samples, and how many of each run are looked through."""

LARGE_IN = 1.5
REFERENCE = "The paper's own are of other scans: a reference, no pass mark."


def reconstructions() -> Sheet:
    """Figure 3: held-out slices at three levels, and what each run with an encoder makes of their codes."""
    dataset = find_cohort(COHORT, sides=2)
    runs = {title: find_run(name, dataset) for title, name in RECONSTRUCTING.items()}
    unseen = unseen_tests(dataset, list(runs.values()), None)
    rows = at_levels(dataset, unseen, LEVELS)
    columns = reconstruct(dataset, runs, rows, unseen)
    plane = dataset.grid.planes[0]
    sheet = Sheet(
        tiles_height_in(LEVELS, LARGE_IN),
        "Reconstructions of diffusion-weighted slices",
        source_line([dataset], list(runs.values())),
        f"""After figure 3 of the DWI comparison paper. Rows: {LEVELS} levels of the brain, from low to high; slices are
        numbered from below. Left: held-out slices, {whose(dataset, rows)}. Other columns: what each run makes of a
        slice's code (its posterior mean). No run was trained on these people. {GREY_SCALE} MSE: mean squared error of a
        pixel, averaged over all {len(unseen):,} held-out slices; the paper prints 0.004 for its VAE and 0.008 for both
        others. {REFERENCE} {explained_letters([plane])}""",
    )
    tiles = [[Tile(images[number], dataset.grid, plane) for images in columns.values()] for number in range(LEVELS)]
    show_tiles(sheet, tiles, list(columns), level_labels(dataset, rows, people=True), tile_in=LARGE_IN)
    return sheet


def samples() -> Sheet:
    """Figure 4: held-out slices at three levels, and samples of each run that are like slices of that level."""
    dataset = find_cohort(COHORT, sides=2)
    runs = {title: find_run(name, dataset, encodes=False) for title, name in RUNS.items()}
    unseen = unseen_tests(dataset, list(runs.values()), None)
    rows = at_levels(dataset, unseen, LEVELS)
    levels = slice_numbers(dataset)[rows]
    columns = {"Original": dataset.batch(rows)[:, 0]}
    far = []
    for title, run in runs.items():
        _, images = run.sample(DRAWN, SEED)
        chosen, missed = samples_at(images, dataset, unseen, levels)
        columns[title] = images[chosen]
        far += [
            f"{title} has none at slice {level}: the one that comes nearest is shown, {counted(miss, 'slice')} off."
            for level, miss in zip(levels, missed, strict=True)
            if miss > TOLERANCE
        ]
    plane = dataset.grid.planes[0]
    sheet = Sheet(
        tiles_height_in(LEVELS),
        "Samples of diffusion-weighted slices",
        source_line([dataset], list(runs.values())),
        f"""After figure 4 of the DWI comparison paper. Rows: {LEVELS} levels of the brain, from low to high; slices are
        numbered from below. Left: held-out slices, {whose(dataset, rows)}. Other columns: samples of each run. A sample
        has no level of its own: of a run's first {DRAWN} samples of seed {SEED}, each row shows the first whose nearest
        held-out slice (by mean squared difference) lies at most {counted(TOLERANCE, "slice")} from the level. So the
        figure shows how samples look, and not how often they lie at which level. {" ".join(far)} {GREY_SCALE}
        {REFERENCE} {explained_letters([plane])}""",
    )
    tiles = [[Tile(images[number], dataset.grid, plane) for images in columns.values()] for number in range(LEVELS)]
    show_tiles(sheet, tiles, list(columns), level_labels(dataset, rows, people=False))
    return sheet
