"""The columns of the leaderboard: metrics of the registry, and what the settings of some hold beside the value."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.screens.leaderboard.evaluations import Evaluated
from brainlab.evaluation.registry import Better, metrics
from brainlab.evaluation.scores import Score

KEY, ALL = "key metrics", "all"
OTHER = "other"
"""Aspect of metrics that the registry does not know."""

KEY_COLUMNS = (
    "machine_reader_auc",
    "precision",
    "recall",
    "coverage",
    "nearest_training_distance: share_copies",
    "nearest_training_distance: share_copies_held_out",
    "sharpness_generated: relative_to_real",
    "spectrum_generated",
    "mse",
)
"""What is shown first: realism, diversity and copies of samples, and the error of reconstructions."""

SHORT = {
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "precision_features": "precision, tissue",
    "recall_features": "recall, tissue",
    "density_features": "density, tissue",
    "coverage_features": "coverage, tissue",
    "mse": "MSE",
    "psnr": "PSNR dB",
    "ssim": "SSIM",
    "sharpness_real": "sharpness, real",
    "sharpness_reconstructed": "sharpness, reconstr.",
    "sharpness_generated": "sharpness",
    "spectrum_generated": "spectrum dB",
    "spectrum_reconstructed": "spectrum, reconstr. dB",
    "dataset_similarity": "similarity",
    "isd": "ISD",
    "minimum_isd": "min. ISD",
    "dataset_similarity_real": "similarity, real",
    "isd_real": "ISD, real",
    "minimum_isd_real": "min. ISD, real",
    "ms_ssim": "MS-SSIM",
    "ms_ssim_kwon": "MS-SSIM, Kwon",
    "mmd_kwon": "MMD, Kwon",
    "mmd_unbiased": "MMD, unbiased",
    "mmd_features": "MMD, features",
    "frechet_distance": "Frechet",
    "kernel_distance": "kernel",
    "nearest_training_distance": "nearest training",
    "active_units": "active units",
    "ras": "RAS",
    "ras_real": "RAS, real",
    "regional_distance": "regions",
    "regional_share_within": "regions in range",
    "slice_difference_axial": "axial slices / real",
    "slice_difference_coronal": "coronal slices / real",
    "slice_difference_sagittal": "sagittal slices / real",
    "machine_reader_auc": "reader AUC",
    "utility": "as training data",
}
"""Titles that fit a narrow column; the whole title is in its help."""

WAYS: dict[Better, str] = {
    "lower": "Lower is better.",
    "higher": "Higher is better.",
    "none": "Neither way is better: compare with real scans.",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. metric: whose score it is, or whose settings hold it, as `part`."""

    name: str
    short: str
    title: str
    definition: str
    aspect: str
    better: Better
    metric: str
    part: str | None = None
    caution: str = ""

    def score(self, found: Evaluated) -> Score | None:
        """Return a run's score; None where its evaluation lacks the metric."""
        score = found.scores.get(self.metric)
        return score.part(self.part) if score and self.part else score

    @property
    def explained(self) -> str:
        """What its heading says when it is pointed at."""
        caution = f" Caution: {self.caution}." if self.caution else ""
        return f"**{self.title}.** {self.definition} {WAYS[self.better]}{caution}"


PARTS = (
    Column(
        name="sharpness_generated: relative_to_real",
        short="sharpness / real",
        title="Sharpness of generated images as a share of real scans'",
        definition="Below 1 is blur; above 1 may be noise.",
        aspect="detail",
        better="none",
        metric="sharpness_generated",
        part="relative_to_real",
    ),
    Column(
        name="nearest_training_distance: share_copies",
        short="copies",
        title="Copies of training scans",
        definition="Share of generated images near to one person's training scans and to nobody else's. Chance makes "
        ".01 at most.",
        aspect="memorisation",
        better="none",
        metric="nearest_training_distance",
        part="share_copies",
    ),
    Column(
        name="nearest_training_distance: share_copies_held_out",
        short="copies, held out",
        title="Copies among held-out scans",
        definition="The share that the same rule finds among scans of other people, which are no copies.",
        aspect="memorisation",
        better="none",
        metric="nearest_training_distance",
        part="share_copies_held_out",
    ),
)


def columns(measured: Sequence[Evaluated]) -> dict[str, Column]:
    """Return the columns of all metrics that some run has an entry of, by name, in the order of their aspects."""
    there = dict.fromkeys(name for found in measured for name in found.scores)
    known = metrics()
    found: dict[str, Column] = {}
    for name in (*(name for name in known if name in there), *(name for name in there if name not in known)):
        metric = known.get(name)
        column = Column(
            name=name,
            short=SHORT.get(name, metric.title if metric else name),
            title=metric.title if metric else name,
            definition=metric.definition if metric else "A metric that this version does not know.",
            aspect=metric.aspect if metric else OTHER,
            better=metric.better if metric else next(f.scores[name].better for f in measured if name in f.scores),
            metric=name,
            caution=str(metric.settings.get("caution", "")) if metric else "",
        )
        found |= {part.name: part for part in (column, *PARTS) if part.metric == name}
    return found


def chosen(found: dict[str, Column], group: str) -> list[Column]:
    """Return the columns of a group: `KEY`, an aspect, or `ALL` by aspect, key ones first within each."""
    key = [found[name] for name in KEY_COLUMNS if name in found]
    if group == KEY:
        return key
    columns = [column for column in found.values() if group in (column.aspect, ALL)]
    aspects = list(dict.fromkeys(column.aspect for column in columns))
    return sorted(columns, key=lambda column: (aspects.index(column.aspect), column not in key))
