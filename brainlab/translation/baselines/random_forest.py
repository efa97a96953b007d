"""A random forest from patches of the input sequences to the voxel of the target (Jog et al. 2014).

Doi 10.1109/ISBI.2014.6868061; a baseline of Wei, section 2.2.3: 60 trees on patches of 3^3 voxels.
"""

from collections.abc import Sequence

import numpy as np

from brainlab.translation.baselines.patches import SIDE, check_inputs, draw_samples, edge_patches, patch_rows
from brainlab.types import BoolArray, Float32Array, FloatArray

TREES = 60

SMALLEST_LEAF = 5
"""Training voxels in a leaf."""

FEATURES = 1 / 3
"""Share of the patch's values that each split chooses from: the customary third of regression forests."""

SAMPLES_PER_VOLUME = 5_000

BLOCK = 2**16
"""Voxels that are predicted at once: 35 MB of patches of five sequences."""


class RandomForestTranslation:
    """Predicts each voxel from the patches about it, without regard to where it lies.

    After `fit`: `forest_`, `sequences_` (C) and `background_`. block: voxels at once, which changes no value.
    jobs: threads of `fit`, which change no value either.

    >>> rng = np.random.default_rng(0)
    >>> t1 = rng.random((1, 6, 6, 6))
    >>> inside = np.ones((6, 6, 6), bool)
    >>> model = RandomForestTranslation(trees=5).fit([t1], [1 - t1[0]], [inside])
    >>> model.predict(t1, inside).shape
    (6, 6, 6)
    """

    def __init__(self, trees: int = TREES, block: int = BLOCK, jobs: int = 1) -> None:
        self.trees = trees
        self.block = block
        self.jobs = jobs

    def fit(
        self,
        inputs: Sequence[FloatArray],
        targets: Sequence[FloatArray],
        masks: Sequence[BoolArray],
        seed: int = 0,
        samples_per_volume: int = SAMPLES_PER_VOLUME,
    ) -> "RandomForestTranslation":
        """Learn from voxels drawn from the mask of each volume.

        inputs: [C, X, Y, Z] each. targets, masks: [X, Y, Z] each. Raises InputError where they do not fit together.
        """
        from sklearn.ensemble import RandomForestRegressor

        samples = draw_samples(inputs, targets, masks, seed, samples_per_volume)
        self.forest_ = RandomForestRegressor(
            self.trees,
            min_samples_leaf=SMALLEST_LEAF,
            max_features=FEATURES,
            random_state=seed,
            n_jobs=self.jobs,
        ).fit(samples.patches, samples.values)
        # Trees that predict side by side are summed in the order in which they end: the last bit would vary.
        self.forest_.set_params(n_jobs=1)
        self.sequences_ = samples.patches.shape[1] // SIDE**3
        self.background_ = samples.background
        return self

    def predict(self, inputs: FloatArray, mask: BoolArray) -> Float32Array:
        """Return the target [X, Y, Z] in the mask, and the training targets' background outside it.

        inputs: [C, X, Y, Z]. mask: [X, Y, Z].
        """
        check_inputs(inputs, mask, self.sequences_)
        prediction = np.full(mask.shape, self.background_, np.float32)
        patches, places = edge_patches(inputs), np.argwhere(mask)
        for start in range(0, len(places), self.block):
            some = places[start : start + self.block]
            prediction[tuple(some.T)] = self.forest_.predict(patch_rows(patches, some))
        return prediction
