"""A small convolutional network that learns to tell two kinds of images apart."""

import itertools
from typing import TYPE_CHECKING, Self

import numpy as np

from brainlab.types import BoolArray, FloatArray, UInt8Array

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = (16, 32)
"""Channels after each halving of the folded image."""

LEAST_SIDE = 8
"""Images are padded with 0 up to this side, so that two positions a side are left after the last halving."""

EPOCHS = 8
BATCH = 32
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2


class ImageClassifier:
    """Log odds that an image is of the first of two kinds, for images in two or three dimensions.

    The network (`brainlab.networks.texture_classifier`) sees how strong each of its features is, and not where: texture
    tells generated images before shape does, and a few hundred images suffice to learn it. Trained by AdamW on
    cross-entropy with a cosine schedule; half of the images of each step are flipped along their first axis, left-right
    in RAS order. Intensities are standardised by the training images' mean and standard deviation.
    Learnt values: `network_`, `mean_`, `sd_`. The same seed and images give the same network.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, images: UInt8Array, labels: BoolArray) -> Self:
        """Learn from images [n, *shape] and whether each is of the first kind, [n]."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits
        from torch.optim.lr_scheduler import CosineAnnealingLR

        from brainlab.networks.texture_classifier import TextureClassifier

        # Images that are all alike have no deviation; one level does for them.
        self.mean_, self.sd_ = float(images.mean()), max(float(images.std()), 1.0)
        random = np.random.default_rng(self.seed)
        parts = _batches(len(images))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network_ = TextureClassifier(WIDTHS, images.ndim - 1)
        optimiser = torch.optim.AdamW(self.network_.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = CosineAnnealingLR(optimiser, EPOCHS * len(parts))
        self.network_.train()
        for _ in range(EPOCHS):
            order = random.permutation(len(images))
            for rows in (order[part] for part in parts):
                batch = self._tensor(images[rows])
                flipped = torch.as_tensor(random.random(len(rows)) < 0.5)
                batch[flipped] = batch[flipped].flip(2)
                wanted = torch.as_tensor(labels[rows], dtype=torch.float32)
                loss = binary_cross_entropy_with_logits(self.network_(batch), wanted)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        self.network_.eval()
        return self

    def decision_function(self, images: UInt8Array) -> FloatArray:
        """Return the log odds that each image is of the first kind: [n]."""
        import torch

        with torch.inference_mode():
            parts = [self.network_(self._tensor(images[part])) for part in _batches(len(images))]
        return torch.cat(parts).numpy().astype(np.float64)

    def _tensor(self, images: UInt8Array) -> "Tensor":
        """Return images as standardised float32 with a channel axis and even sides: [n, 1, *sides]."""
        import torch

        lacks = [max(side + side % 2, LEAST_SIDE) - side for side in images.shape[1:]]
        padded = np.pad(images, [(0, 0), *((0, lack) for lack in lacks)])
        return torch.as_tensor((padded.astype(np.float32) - self.mean_) / self.sd_)[:, None]


def _batches(count: int) -> list[slice]:
    """Return the parts of a set of images, as equal as can be, at most `BATCH` each."""
    edges = np.linspace(0, count, -(-count // BATCH) + 1).astype(int)
    return [slice(start, end) for start, end in itertools.pairwise(edges)]
