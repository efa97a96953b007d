"""Figures 2 to 9 of the FLAIR IntroVAE paper: the mean image, reconstructions, samples."""

from collections.abc import Callable
from typing import Any, TypeVar

from brainlab.cohort.checks import audit
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.scan_table import UNLABELLED
from brainlab.counted import counted
from brainlab.experiments.figures.reconstructions import reconstruct
from brainlab.experiments.figures.sources import (
    COHORT,
    RUNS,
    age_and_sex,
    find_cohort,
    find_run,
    one_a_class,
    source_line,
    unseen_tests,
)
from brainlab.figures.sheet import Sheet
from brainlab.figures.slices import Tile, explained_letters, show_tiles, tiles_height_in
from brainlab.images.grid import PLANES
from brainlab.images.laplacian import laplacian_variance
from brainlab.legend import CLASS_NAMES
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray

T = TypeVar("T")

SAMPLES, SEED = 5, 1
"""Samples a figure, as in the paper; the seed that they are drawn with."""

KEPT: dict[str, tuple[Any, Any]] = {}
"""What several figures of one command show: name to the hashes of what it was made from, and the last value."""


def mean_image() -> Sheet:
    """Figure 2: the mean over the whole cohort in three planes, here with one of its scans below."""
    dataset = find_cohort(COHORT)
    mean, scan_sharpness = audit.mean_image(dataset)
    one = dataset.batch(dataset.indices()[:1])[0, 0]
    tile_in = 2.0
    sheet = Sheet(
        tiles_height_in(2, tile_in),
        "Mean image of the cohort",
        source_line([dataset]),
        f"""After figure 2 of the FLAIR IntroVAE paper, with one scan for comparison. What stays sharp in the mean lies
        in the same place in every scan. Sharpness, the variance of the Laplacian with grey levels of 0 to 255:
        {laplacian_variance([mean])[0]:,.0f} for the mean image, {scan_sharpness:,.0f} on average for a scan. Middle
        slices. {explained_letters(PLANES)}""",
    )
    rows = [[Tile(image, dataset.grid, plane) for plane in PLANES] for image in (mean, one)]
    show_tiles(
        sheet, rows, PLANES, [f"mean of\n{counted(len(dataset), 'scan')}", "one scan\nthe first"], tile_in=tile_in
    )
    return sheet


def reconstructions(plane: str) -> Sheet:
    """Figures 3 to 5: a test scan of each class, and what each run makes of it."""
    dataset = find_cohort(COHORT)
    runs = [find_run(name, dataset) for name in RUNS]
    tests = unseen_tests(dataset, runs)
    rows = one_a_class(dataset, tests)
    columns = reconstruction_columns(dataset, runs, rows, tests)
    sheet = Sheet(
        tiles_height_in(len(rows)),
        f"Reconstructions, {plane} slice",
        source_line([dataset], runs),
        f"""After figure {3 + PLANES.index(plane)} of the FLAIR IntroVAE paper. Left: the first test scan of each class.
        Other columns: what each run makes of the scan's code (its posterior mean). No run was trained on these people.
        MSE: mean squared error over all voxels (intensities from 0 to 1), averaged over all {len(tests)} test scans.
        Leuko: leukoencephalopathy, by severity. Middle slices. {explained_letters([plane])}""",
    )
    tiles = [[Tile(images[number], dataset.grid, plane) for images in columns.values()] for number in range(len(rows))]
    show_tiles(sheet, tiles, list(columns), _labels(dataset, rows))
    return sheet


def reconstruction_columns(
    dataset: PreparedDataset, runs: list[Run], rows: IntArray, tests: IntArray
) -> dict[str, Float32Array]:
    """Return the scans at `rows` and each run's reconstructions of them, heading to [n, X, Y, Z].

    A run's heading names its mean squared error over the scans at `tests`.
    """
    made_from = (dataset.sha256, *((run.name, run.sha256) for run in runs), rows.tobytes(), tests.tobytes())
    return _kept("reconstructions", made_from, lambda: _reconstruct(dataset, runs, rows, tests))


def _reconstruct(dataset: PreparedDataset, runs: list[Run], rows: IntArray, tests: IntArray) -> dict[str, Float32Array]:
    return reconstruct(dataset, {run.name: run for run in runs}, rows, tests)


def samples(run_name: str) -> Sheet:
    """Figures 6 to 9: brains that a run draws from the prior, each in three planes."""
    dataset = find_cohort(COHORT)
    run = find_run(run_name, dataset)
    _, images = run.sample(SAMPLES, SEED)
    ratio = laplacian_variance(images).mean() / _sharpness_of_scans(dataset)
    sheet = Sheet(
        tiles_height_in(len(PLANES)),
        f"Samples of {run.name}",
        source_line([dataset], [run]),
        f"""After figure {6 + RUNS.index(run_name)} of the FLAIR IntroVAE paper. The axial, coronal and sagittal slice
        in a column belong to the same brain. Its {run.latent_dim} latent values were drawn from the standard normal
        distribution: the first {SAMPLES} draws of seed {SEED}, none left out. Sharpness of these {SAMPLES} (variance of
        the Laplacian, in which noise counts too): {ratio:.2f} of that of the cohort's scans.
        {explained_letters(PLANES)}""",
    )
    tiles = [[Tile(image, run.grid, plane) for image in images] for plane in PLANES]
    show_tiles(sheet, tiles, [f"sample {number + 1}" for number in range(SAMPLES)], PLANES)
    return sheet


def _sharpness_of_scans(dataset: PreparedDataset) -> float:
    """Return the mean sharpness of a cohort's scans."""
    return _kept("sharpness", dataset.sha256, lambda: laplacian_variance(dataset.batch(dataset.indices())[:, 0]).mean())


def _kept(name: str, made_from: Any, make: Callable[[], T]) -> T:
    """Return the last value of that name where it was made from the same content, else make it."""
    if name not in KEPT or KEPT[name][0] != made_from:
        KEPT[name] = made_from, make()
    value: T = KEPT[name][1]
    return value


def _labels(dataset: PreparedDataset, rows: IntArray) -> list[str]:
    """Return class, and age and sex where known, of each scan: two lines."""
    labels = []
    for scan in dataset.scans.iloc[rows].fillna({"class": UNLABELLED}).to_dict("records"):
        labels.append("\n".join([CLASS_NAMES.get(scan["class"], scan["class"]), age_and_sex(scan)]))
    return labels
