"""Figures 10 to 13 of the FLAIR IntroVAE paper: discriminant axes, acquisition by class, two latent dimensions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.metrics import roc_auc_score

from brainlab.cohort.checks.audit import Confound, audit
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.evaluation.images import evenly
from brainlab.experiments.analysis.latent_space import LatentSpace, latent_directions
from brainlab.experiments.figures.sources import (
    BIASED,
    COHORT,
    RUNS,
    find_cohort,
    find_run,
    source_line,
    unseen_tests,
)
from brainlab.figures.charts import boxes, distributions, key, scatter, scatter_key
from brainlab.figures.sheet import BODY_IN, FAINT, Sheet
from brainlab.figures.slices import Tile, explained_letters, show_tiles, tile_pixels
from brainlab.latent.classification.discriminant import LatentDiscriminant
from brainlab.latent.published import NAMED_DIMENSIONS
from brainlab.latent.traversal import Traversal, traverse
from brainlab.legend import ACQUISITION, CLASS_COLOURS, CLASS_NAMES, GROUP_COLOURS, grouped
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.run import Run
from brainlab.runs.training_codes import TrainingCodes, read_training_codes
from brainlab.types import Float32Array, FloatArray, IntArray

RUN = "ivae-256"
AXES = ((0, 1), (0, 2))
FAINT_SCANS = 400
"""Of more training scans, as many are drawn; the figures beside them are of all."""
SHOWN_PLANES = ("axial", "coronal")
TILE_IN, BLOCK_IN, CHART_LEFT_IN = 1.05, 2.9, 5.4
FIGURE_OF = {175: 12, 76: 13}
IN_THE_PAPER = {175: "the shape of the lateral ventricle", 76: "the colour scheme of the brain"}
COVARIATES = {"ventricle_volume_ml": "ventricle volume", "mean_intensity": "mean intensity"}


class Scores(NamedTuple):
    """Scores of one split on the discriminant axes [n, k], with the scans' groups [n]."""

    points: FloatArray
    groups: FloatArray

    def by_group(self, axes: Sequence[int]) -> dict[str, FloatArray]:
        """Return the points of each group on some axes: name to [n, len(axes)]."""
        return {str(name): self.points[self.groups == name][:, list(axes)] for name in np.unique(self.groups)}

    def thinned(self, most: int) -> "Scores":
        """Return at most so many of the scans, evenly taken."""
        rows = evenly(len(self.groups), most)
        return Scores(self.points[rows], self.groups[rows])

    def ms_auc(self, axis: int) -> float:
        """Return the area under the curve of MS against the rest on an axis; NaN without scans of either."""
        ms = self.groups == "MS"
        return float(roc_auc_score(ms, self.points[:, axis])) if 0 < ms.sum() < len(ms) else np.nan


def discriminant_axes() -> Sheet:
    """Figure 10: scores on the first three discriminant axes of each run's codes, on both cohorts."""
    cohorts = [find_cohort(COHORT), find_cohort(BIASED)]
    side, left, top, row_in, half_in, pair_in = 1.2, 1.0, 1.0, 1.92, 3.15, 1.6
    sheet = Sheet(
        top + len(RUNS) * row_in - 0.25,
        "Linear discriminant analysis of the codes, first three axes",
        source_line(cohorts, [find_run(name, cohorts[0]) for name in RUNS]),
        """After figure 10 of the FLAIR IntroVAE paper, whose cohort of 5,404 scans was acquired with a bias, as the
        right one here. LDA is fitted to the five classes (faint) of the people a run was trained on, where it keeps
        their codes (left; 400 are drawn), or of the cohort's own training split (right), and applied to scans of others
        (framed); the three grades of leukoencephalopathy are one colour. AUC: MS against the rest on the axis that
        separates it best in training. Where training scans come apart and test scans do not, the fit knows its own
        scans by heart. MS is scanned at several visits. Axes are in standard deviations within classes; their order and
        sign mean nothing from panel to panel.""",
    )
    scatter_key(sheet.axes(left, 0, BODY_IN - left, 0.2), GROUP_COLOURS)
    for half, dataset in enumerate(cohorts):
        start = left + half * half_in
        runs = [find_run(name, dataset) for name in RUNS]
        for number, (name, run) in enumerate(zip(RUNS, runs, strict=True)):
            # The codes that runs keep are of people scanned without the bias of the other cohort.
            kept = read_training_codes(run) if half == 0 else None
            unseen = unseen_tests(dataset, runs, None if kept else "test")
            train, test = discriminant_scores(run, dataset, unseen, kept)
            above = top + number * row_in
            if number == 0:
                counts = f"fitted on {len(train.groups):,} scans, {len(test.groups)} others shown"
                sheet.two_lines(start, 0.5, f"cohort “{dataset.name}”\n{counts}")
            if half == 0:
                sheet.text(0, above + side / 2, name, va="center", fontsize=8)
            axis, trained, tested = separation(train, test)
            said = f"MS on axis {axis + 1}: AUC {trained:.2f} in training, {tested:.2f} in test"
            sheet.text(start, above - 0.2, said.replace("nan", "unknown"), fontsize=7)
            for column, pair in enumerate(AXES):
                axes = sheet.axes(start + column * pair_in, above, side, side)
                scatter(axes, test.by_group(pair), train.thinned(FAINT_SCANS).by_group(pair), GROUP_COLOURS)
                axes.set_xlabel(f"axis {pair[0] + 1}", labelpad=1)
                axes.set_ylabel(f"axis {pair[1] + 1}", labelpad=0)
    return sheet


def discriminant_scores(
    run: Run, dataset: PreparedDataset, unseen: IntArray, kept: TrainingCodes | None = None
) -> tuple[Scores, Scores]:
    """Fit LDA on the codes of the training split, or on `kept` ones of other people.

    Returns the scores of the scans it is fitted on and those of `unseen` rows, grades merged.
    Raises InputError unless it is fitted on scans of all five classes, so that there are three axes and more.
    """
    codes = encode_dataset(run, dataset).mean.astype(np.float64)
    fitting = kept or dataset
    train = _of_five_classes(fitting.scans, fitting.indices("train"))
    test = _of_five_classes(dataset.scans, unseen)
    labels = fitting.scans["class"].iloc[train].astype(str).tolist()
    if missing := sorted(set(CLASS_COLOURS) - set(labels)):
        raise InputError(
            f"{fitting.folder}: the LDA figure needs training scans of all five classes; no {', '.join(missing)}"
        )
    fitted_codes = kept.encoding.mean[train].astype(np.float64) if kept else codes[train]
    people = fitting.scans["participant"].iloc[train].astype(str).tolist()
    fitted = LatentDiscriminant().fit(fitted_codes, labels, people)
    return (
        Scores(fitted.transform(fitted_codes), np.array(grouped(labels))),
        Scores(fitted.transform(codes[test]), np.array(grouped(dataset.scans["class"].iloc[test].astype(str)))),
    )


def _of_five_classes(scans: pd.DataFrame, rows: IntArray) -> IntArray:
    """Return those of the rows whose scans are of one of the paper's classes."""
    return rows[scans["class"].iloc[rows].isin(list(CLASS_COLOURS)).to_numpy()]


def separation(train: Scores, test: Scores) -> tuple[int, float, float]:
    """Return the axis that separates MS best in training, and the AUC of MS on it in training and on test scans.

    The sign of an axis is arbitrary: it is turned so that MS lies higher in training, whatever the test scans do.
    """
    in_training = np.array([train.ms_auc(axis) for axis in range(3)])
    axis = int(np.abs(in_training - 0.5).argmax())
    aucs = in_training[axis], test.ms_auc(axis)
    trained, tested = aucs if aucs[0] >= 0.5 else (1 - aucs[0], 1 - aucs[1])
    return axis, float(trained), float(tested)


def acquisition() -> Sheet:
    """Figure 11: acquisition parameters by class, on the cohort with the paper's bias and on the one without."""
    cohorts = [find_cohort(BIASED), find_cohort(COHORT)]
    columns = _shared_parameters(cohorts)
    left, gap, panel_in, row_in = 0.6, 0.16, 1.5, 2.2
    width = (BODY_IN - left + gap) / len(columns) - gap
    sheet = Sheet(
        len(cohorts) * row_in - 0.1,
        "Acquisition parameters by class",
        source_line(cohorts),
        """After figure 11 of the FLAIR IntroVAE paper, whose multiple sclerosis scans had another echo time, repetition
        time and pixel bandwidth than the rest; above, a cohort simulated with such a bias, below, one without. A dot is
        a scan; boxes are quartiles with the median, whiskers the 5th to 95th percentile. Balanced accuracy: a random
        forest that sees acquisition parameters and no image, cross-validated with nobody on both sides of a fold.
        Leuko: leukoencephalopathy, by severity.""",
    )
    firsts: dict[str, Axes] = {}
    for number, dataset in enumerate(cohorts):
        above = number * row_in
        sheet.text(0, above, f"cohort “{dataset.name}”", fontsize=8, fontweight="bold")
        sheet.text(BODY_IN, above, _confounded(audit(dataset).confound), ha="right", fontsize=7.5, color=FAINT)
        for column, name in enumerate(columns):
            axes = sheet.axes(left + column * (width + gap), above + 0.24, width, panel_in)
            if firsts.setdefault(name, axes) is not axes:
                axes.sharex(firsts[name])
            values = {
                label: dataset.scans.loc[dataset.scans["class"] == label, name].dropna().to_numpy(float)
                for label in CLASS_COLOURS
            }
            boxes(axes, {CLASS_NAMES[label]: part for label, part in values.items()}, list(CLASS_COLOURS.values()))
            axes.set_xlabel(ACQUISITION[name])
            axes.tick_params(axis="y", labelleft=column == 0)
    return sheet


def dimension(index: int) -> Sheet:
    """Figures 12 and 13: a dimension at the paper's three values, others 0, and the run's own counterpart below it."""
    dataset = find_cohort(COHORT)
    run = find_run(RUN, dataset)
    space = latent_directions(run, dataset)
    covariate = str(NAMED_DIMENSIONS[index]["covariate"])
    goes_with = COVARIATES[covariate]
    blocks = walks(run, space, index)
    shown = [tile_pixels(Tile(_change(steps), run.grid, plane)) for _, steps in blocks for plane in SHOWN_PLANES]
    limit = max(0.01, float(np.ceil(100 * np.abs(shown).max()) / 100))
    sheet = Sheet(
        2 * BLOCK_IN - 0.15,
        f"Dimension {index} of {run.name}, and the one that goes with {goes_with}",
        source_line([dataset], [run]),
        f"""After figure {FIGURE_OF[index]} of the FLAIR IntroVAE paper, in which dimension {index} had an influence on
        {IN_THE_PAPER[index]}. What a dimension takes on differs from training to training, so dimension {index} of this
        run (above) need not be the paper's; below is the dimension of this run whose codes go most closely with
        {goes_with}. All other dimensions are 0. Difference: the third image less the first, red brighter, blue darker,
        full colour at {limit:g} of full scale. Right: how each group's codes (posterior means, {len(dataset)} scans)
        are distributed; dashed, the values shown. r: Pearson's correlation over {len(space.people):,} training scans.
        {explained_letters(SHOWN_PLANES)}""",
    )
    r = space.table.set_index("dimension")[f"r_{covariate}"]
    groups = np.array(grouped(space.labels))
    for block, (number, steps) in enumerate(blocks):
        above = block * BLOCK_IN
        whose = "the paper's number" if block == 0 else "this run's own counterpart"
        sheet.text(0, above, f"Dimension {number}, {whose}", fontsize=8.5, fontweight="bold")
        headings = [*(f"value {value:g}".replace("-", "−") for value in steps.values), f"difference\n±{limit:g}"]
        tiles = [
            [*(Tile(image, run.grid, plane) for image in steps.volumes), Tile(_change(steps), run.grid, plane, limit)]
            for plane in SHOWN_PLANES
        ]
        show_tiles(sheet, tiles, headings, SHOWN_PLANES, top=above + 0.2, tile_in=TILE_IN)
        axes = sheet.axes(CHART_LEFT_IN, above + 0.56, BODY_IN - CHART_LEFT_IN, 1.75)
        codes = space.encoding.mean[:, number].astype(np.float64)
        values = {group: codes[groups == group] for group in GROUP_COLOURS if (groups == group).any()}
        distributions(axes, values, GROUP_COLOURS, steps.values)
        if block == 0:
            key(sheet.axes(BODY_IN / 2, -0.02, BODY_IN / 2, 0.15), axes)
        axes.set_xlabel(f"value of dimension {number}")
        sheet.two_lines(CHART_LEFT_IN, above + 0.38, f"r = {r[number]:+.2f}\nwith {goes_with}".replace("-", "−"))
    return sheet


def walks(run: Run, space: LatentSpace, index: int) -> list[tuple[int, Traversal]]:
    """Walk along a dimension that the paper shows, and along the run's own counterpart of it, all others being 0.

    Both at the paper's values. Returns the dimensions with their walks.
    """
    published = NAMED_DIMENSIONS[index]
    values = np.asarray(published["values"], dtype=np.float64)
    own = int(space.named[str(published["name"])]["dimension"])
    return [(number, traverse(run.decode, space.dimension(number), values)) for number in (index, own)]


def _change(steps: Traversal) -> Float32Array:
    """Return the last image of a walk less its first."""
    return steps.volumes[-1] - steps.volumes[0]


def _confounded(confound: Confound | None) -> str:
    """Say how well acquisition alone tells the classes apart."""
    if confound is None:
        return "too few people to tell the class from acquisition alone"
    return f"class from acquisition alone: balanced accuracy {confound.score:.2f}, chance {confound.chance:.2f}"


def _shared_parameters(cohorts: Sequence[PreparedDataset]) -> list[str]:
    """Return the acquisition parameters that every cohort knows; InputError where there are none."""
    known = [
        name for name in ACQUISITION if all(name in data.scans and data.scans[name].notna().any() for data in cohorts)
    ]
    if not known:
        names = " and ".join(str(data.folder) for data in cohorts)
        raise InputError(f"{names}: share no acquisition parameter in scans.tsv; give the scans their sidecars")
    return known
