"""A gate at lock: can a classifier tell real from fake by what rendering alone controls?

It looks at the background, border, quantisation, size and former compression of images and knows nothing of the brain
in them.
Histogram, sharpness and spectrum inside the brain are the models' own doing and never a reason to refuse a study.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from brainlab.reading.images.jpeg_traces import coarseness, jpeg_quality
from brainlab.reading.images.rendering import islands
from brainlab.types import BoolArray, FloatArray, UInt8Array

LIMIT_AUC = 0.6
BACKGROUND_LEVEL = 12
"""Grey levels up to this one are no brain. A margin around the brain, where enlargement blends the two, is left out."""

PLENTY = 0.01
"""A grey level whose neighbours have less than this share of the brain's pixels may be empty by chance."""

BLOCKS = (2, 3, 4)
BLOCK_CONTRAST = 0.25
"""Least difference in how often neighbours are equal, within blocks and between them, that is no chance."""

TAPER_LEVELS = 32
"""How far from black and white a level counts in full where odd ones are compared with even ones."""

MANY_PAIRS = 50
"""Pairs of neighbours that a share needs."""

JPEG = "jpeg_blocks"
FEATURES = ("background_haze", "border", "empty_levels", "odd_levels", "blocks", "byte_length", JPEG)
FOLDS = 5


@dataclass(frozen=True)
class Probe:
    """What the probe found.

    auc: cross-validated area under the ROC curve, 0.5 when blind; None when there are too few images to judge.
    by_feature: area of each feature alone, folded above 0.5. suspects: features above the limit.
    """

    auc: float | None
    by_feature: dict[str, float]
    suspects: tuple[str, ...]
    real: int
    fake: int

    @property
    def limit(self) -> float:
        """Largest area that passes: LIMIT_AUC or, where few images make chance alone reach further, its 97.5% point.

        The standard error without any difference is that of the Mann-Whitney statistic.
        """
        if not self.real or not self.fake:
            return LIMIT_AUC
        error = np.sqrt((self.real + self.fake + 1) / (12 * self.real * self.fake))
        return max(LIMIT_AUC, 0.5 + 1.96 * float(error))

    @property
    def passed(self) -> bool:
        """Whether nothing was found; nothing can be where there are too few images, which `judged` tells."""
        return self.auc is None or self.auc <= self.limit

    @property
    def judged(self) -> bool:
        """Whether there were images enough of both labels."""
        return self.auc is not None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed, "judged": self.judged, "limit": self.limit}


def rendering_features(pixels: UInt8Array, factor: int = 1, jpeg: float | None = None) -> FloatArray:
    """Return FEATURES of one rendered image.

    background_haze: share of the pixels well outside the brain that are not exactly 0.
    border: share of the outermost pixels that are not exactly 0, but for the brain where it leaves the picture, which
    is a matter of its size and place; a frame, which no brain is, counts by the sides that it fills.
    empty_levels: share of grey levels that no brain pixel has although levels on both sides have plenty: the comb that
    is left by stretching or by a coarser number format.
    odd_levels: share of brain pixels with an odd level, those near black and white counted ever less.
    blocks: that an image was enlarged by repeating its pixels before it came here (`_block_contrast`); such an image
    also compresses better. factor: by which rendering itself enlarged it.
    byte_length: of what is served.
    jpeg_blocks: how coarse JPEG once made the image (`jpeg_traces.coarseness`), 0 where it did not. jpeg: as it was
    found in the grid that the image came in, before it was resampled and enlarged; looked for in `pixels` if absent,
    where these were not enlarged.
    """
    brain = islands(pixels > BACKGROUND_LEVEL)
    margin = max(1, max(pixels.shape) // 40)
    around_brain = ndimage.maximum_filter(brain, size=2 * margin + 1)
    outside = pixels[~around_brain]
    border = np.ones(pixels.shape, dtype=bool)
    border[tuple(slice(1, -1) for _ in pixels.shape)] = False
    sides = [np.take(pixels, end, axis).all() for axis in range(pixels.ndim) for end in (0, -1)]
    inside = pixels[brain]
    counts = np.bincount(inside, minlength=256).astype(float)
    # Neither fluid that is cut off at 0 nor what is cut off at 255: how much of either there is, is the brain's doing.
    # Nor may the sum break off beside them: where levels become more frequent up to 254, even ones would lead.
    levels = np.arange(256)
    within = np.clip(np.minimum(levels - BACKGROUND_LEVEL, 255 - levels) / TAPER_LEVELS, 0, 1)
    between = counts * np.sin(np.pi / 2 * within) ** 2
    around = ndimage.convolve1d(counts, [1, 1, 0, 1, 1], mode="constant") / 4
    judged = around >= max(8, PLENTY * inside.size)
    return np.array(
        [
            np.mean(outside > 0) if outside.size else 0.0,
            max(np.mean(np.where(around_brain, 0, pixels)[border] > 0), np.mean(sides)),
            np.mean(counts[judged] == 0) if judged.any() else 0.0,
            between[1::2].sum() / between.sum() if between.any() else 0.5,
            _block_contrast(pixels, brain, factor),
            float(pixels.nbytes),
            jpeg if jpeg is not None else coarseness(jpeg_quality(pixels)) if factor == 1 else 0.0,
        ]
    )


def _block_contrast(pixels: UInt8Array, brain: BoolArray, factor: int) -> float:
    """Return how much more often neighbours in the brain are equal at some places of a period than at others.

    Where pixels were repeated k times, k - 1 of k neighbours are equal; elsewhere every place is like every other,
    however smooth the brain is. 0 up to BLOCK_CONTRAST, so that smoothness, the models' own doing, tells nothing.
    """
    greatest = 0.0
    for axis in range(pixels.ndim):
        others = tuple(other for other in range(pixels.ndim) if other != axis)
        # Between the centres of two equal pixels an enlarged image is flat; even factors have no pixel in the centre.
        after, before = ([slice(factor // 2, None, factor)] * pixels.ndim for _ in range(2))
        before[axis] = slice(factor + (factor - 1) // 2, None, factor)
        here, there = pixels[tuple(after)], pixels[tuple(before)]
        last = tuple(slice(0, length) for length in there.shape)
        both = brain[tuple(after)][last] & brain[tuple(before)]
        equal = ((here[last] == there) & both).sum(axis=others)
        judged = both.sum(axis=others)
        for period in BLOCKS:
            seen = np.bincount(np.arange(len(judged)) % period, judged, period)
            if (seen >= MANY_PAIRS).all():
                shares = np.bincount(np.arange(len(equal)) % period, equal, period) / seen
                greatest = max(greatest, float(np.ptp(shares)))
    return greatest if greatest > BLOCK_CONTRAST else 0.0


def probe(real: FloatArray, fake: FloatArray, seed: int = 0, groups: Sequence[str] | None = None) -> Probe:
    """Judge the features of real and fake images, [n, len(FEATURES)] each, with a cross-validated random forest.

    groups: who each image is of, real ones first; images of one person are never in two folds, for a forest would know
    them again. Every image is its own if absent.
    """
    if len(real) < FOLDS or len(fake) < FOLDS:
        return Probe(None, {}, (), len(real), len(fake))
    features = np.concatenate([real, fake])
    labels = np.repeat([0, 1], [len(real), len(fake)])
    people = np.arange(len(labels)) if groups is None else np.unique(np.asarray(groups, str), return_inverse=True)[1]
    if min(len(np.unique(people[labels == label])) for label in (0, 1)) < FOLDS:
        return Probe(None, {}, (), len(real), len(fake))
    forest = RandomForestClassifier(100, min_samples_leaf=5, class_weight="balanced", random_state=seed)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(forest, features, labels, cv=folds, groups=people, method="predict_proba")[:, 1]
    alone = {name: _folded_auc(labels, features[:, column]) for column, name in enumerate(FEATURES)}
    found = Probe(float(roc_auc_score(labels, scores)), alone, (), len(real), len(fake))
    suspects = sorted((name for name in FEATURES if alone[name] > found.limit), key=lambda name: -alone[name])
    return replace(found, suspects=tuple(suspects))


def _folded_auc(labels: Any, values: FloatArray) -> float:
    area = float(roc_auc_score(labels, values))
    return max(area, 1 - area)
