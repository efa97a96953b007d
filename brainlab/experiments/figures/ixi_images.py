"""Figures 3.13, 3.15 and 3.16 of the IXI thesis: reconstructions, artificial slices, losses while training."""

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.analysis.thesis_losses import SCALE, thesis_losses
from brainlab.experiments.figures.levels import at_levels, level_labels, whose
from brainlab.experiments.figures.reconstructions import reconstruct, shortens
from brainlab.experiments.figures.sources import find_cohort, find_run, run_at_hand, source_line, unseen_tests
from brainlab.figures.charts import curve
from brainlab.figures.sheet import BODY_IN, Sheet
from brainlab.figures.slices import GREY_SCALE, Tile, explained_letters, show_tiles, tiles_height_in
from brainlab.runs.run import Run

COHORT = "simulated-t1"
RUNS = {"VAE": "vae2d-1024-small", "VQ-VAE": "vqvae2d-small"}
"""The thesis's methods, each with the run that stands for it."""
FURTHER = {"Rectified flow": "flow-slices-128", "Soft IntroVAE": "soft-ivae-128"}
"""What is shown beside them where it is at hand."""

SHOWN, SAMPLES, SEED = 4, 5, 1
LARGE_IN = 1.4
COLOURS = {"VAE": "#0072b2", "VQ-VAE": "#d55e00"}
CODE_LOSS = {"VAE": "KL (nats)", "VQ-VAE": "codebook and commitment"}
PANEL_IN, ROW_IN, LEFT_IN, GAP_IN = 1.25, 2.0, 0.42, 0.5
REFERENCE = "The thesis's own are of other scans: a reference, no pass mark."


def reconstructions() -> Sheet:
    """Figure 3.13, with 3.12 and 3.14: real slices, and what each run with a shorter code makes of them."""
    dataset = find_cohort(COHORT, sides=2)
    runs = {title: find_run(name, dataset) for title, name in RUNS.items()}
    further, absent = _further(dataset)
    runs |= {title: run for title, run in further.items() if shortens(run)}
    unseen = unseen_tests(dataset, list(runs.values()), None)
    rows = at_levels(dataset, unseen, SHOWN)
    columns = reconstruct(dataset, runs, rows, unseen)
    plane, people = dataset.grid.planes[0], whose(dataset, rows)
    whole = [run.name for title, run in further.items() if title not in runs]
    told = f"Not shown, for its codes are as long as slices: {', '.join(whole)}. " if whole else ""
    sheet = Sheet(
        tiles_height_in(SHOWN, LARGE_IN),
        "Reconstructions of T1-weighted slices",
        source_line([dataset], list(runs.values())),
        f"""After figures 3.12 to 3.14 of the IXI thesis. Rows: {SHOWN} levels of the brain, from low to high; slices
        are numbered from below. Left: held-out slices, {people}. Other columns: what each run makes of a slice's code;
        in the thesis they are of other slices than the real ones shown. No run was trained on these people.
        {GREY_SCALE} MSE: mean squared error of a pixel, averaged over all {len(unseen):,} held-out slices.
        {told}{absent}{REFERENCE} {explained_letters([plane])}""",
    )
    tiles = [[Tile(images[number], dataset.grid, plane) for images in columns.values()] for number in range(SHOWN)]
    show_tiles(sheet, tiles, list(columns), level_labels(dataset, rows, people=True), tile_in=LARGE_IN)
    return sheet


def samples() -> Sheet:
    """Figure 3.15: artificial slices of each run."""
    dataset = find_cohort(COHORT, sides=2)
    further, absent = _further(dataset)
    runs = {title: find_run(name, dataset, encodes=False) for title, name in RUNS.items()} | further
    sheet = Sheet(
        tiles_height_in(len(runs)),
        "Artificial T1-weighted slices",
        source_line([], list(runs.values())),
        f"""After figure 3.15 of the IXI thesis, which shows slices of its VAE alone: its VQ-VAE has no prior to
        draw codes from, where a transformer has learnt one here. Rows: the first {SAMPLES} draws of each run with seed
        {SEED}, none left out. {GREY_SCALE} {absent}{REFERENCE} {explained_letters(dataset.grid.planes)}""",
    )
    tiles = [
        [Tile(image, run.grid, run.grid.planes[0]) for image in run.sample(SAMPLES, SEED)[1]] for run in runs.values()
    ]
    show_tiles(sheet, tiles, [f"sample {number + 1}" for number in range(SAMPLES)], list(runs))
    return sheet


def losses() -> Sheet:
    """Figure 3.16: each run's training losses by epoch."""
    runs = {title: find_run(name, None) for title, name in RUNS.items()}
    seeds = " and ".join(dict.fromkeys(str(run.settings.get("seed", "unknown")) for run in runs.values()))
    told = {title: thesis_losses(run) for title, run in runs.items()}
    sheet = Sheet(
        len(runs) * ROW_IN - 0.1,
        "Training losses",
        source_line([], list(runs.values())),
        f"""After figure 3.16 of the IXI thesis. Means over the training slices since the point before, seed
        {seeds}, on the thesis's scale: reconstruction is {SCALE:,.0f} times the mean squared error of a pixel, and the
        total adds what
        a code costs. The thesis takes the KL that rises in its figure for an error; it is the price of what a code
        says, and 0 nats would say nothing. Each panel has a scale of its own,
        which need not begin at 0. {REFERENCE}""",
    )
    width = (BODY_IN - LEFT_IN - 2 * GAP_IN) / 3
    for row, (title, found) in enumerate(told.items()):
        above = row * ROW_IN
        sheet.text(0, above, f"{title} ({runs[title].name})", fontsize=8.5, fontweight="bold")
        panels = {"total": found.total, "reconstruction": found.reconstruction, CODE_LOSS[title]: found.code}
        for column, (name, values) in enumerate(panels.items()):
            axes = sheet.axes(LEFT_IN + column * (width + GAP_IN), above + 0.36, width, PANEL_IN)
            curve(axes, found.epochs, values, COLOURS[title])
            axes.set_title(name, loc="left", pad=3)
            axes.set_xlabel("epoch", labelpad=1)
    return sheet


def _further(dataset: PreparedDataset) -> tuple[dict[str, Run], str]:
    """Return the further runs that learned slices of the dataset's recipe, and a sentence on those that did not."""
    found: dict[str, Run] = {}
    absent = []
    for title, name in FURTHER.items():
        run = run_at_hand(name)
        if run and run.fits(dataset) and run.settings["recipe"]["name"] == dataset.recipe["name"]:
            found[title] = run
        else:
            absent.append(name)
    said = f"Not shown, for want of a run of such slices: {', '.join(absent)}. " if absent else ""
    return found, said
