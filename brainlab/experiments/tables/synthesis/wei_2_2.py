"""Table 2.2 of Wei's thesis: mean squared error and structural similarity of synthesised FLAIR, by fold."""

from brainlab.experiments.tables.cross_validated import Column, Part, cross_validated_table
from brainlab.experiments.tables.translators import (
    FCN,
    FLAIR,
    FOREST,
    OF_Z_SCORES,
    PERCEPTRON,
    PROPAGATION,
    UNET,
    lines,
    of_flair,
)

MSE = {
    FOREST: [(993.68, 67.21), (1056.76, 125.51), (945.38, 59.42), (932.67, 74.48), (987.63, 78.34), (983.22, 80.99)],
    PROPAGATION: [
        (2194.79, 118.73),
        (2037.69, 151.23),
        (1987.32, 156.11),
        (2273.58, 217.85),
        (1934.25, 140.06),
        (2085.53, 156.80),
    ],
    PERCEPTRON: [
        (1532.89, 135.82),
        (1236.53, 100.95),
        (1169.78, 142.43),
        (1023.35, 97.93),
        (1403.57, 146.35),
        (1273.22, 124.70),
    ],
    UNET: [(921.69, 38.51), (912.03, 38.58), (916.16, 38.97), (938.34, 52.54), (908.11, 36.13), (919.26, 40.95)],
    FCN: [(905.05, 26.06), (913.34, 39.95), (898.76, 46.90), (945.33, 63.80), (927.88, 31.80), (918.07, 41.70)],
}
SSIM = {
    FOREST: [(0.814, 0.044), (0.822, 0.038), (0.832, 0.040), (0.850, 0.032), (0.830, 0.041), (0.830, 0.039)],
    PROPAGATION: [(0.727, 0.044), (0.718, 0.045), (0.713, 0.047), (0.708, 0.049), (0.723, 0.039), (0.718, 0.045)],
    PERCEPTRON: [(0.770, 0.052), (0.773, 0.045), (0.790, 0.044), (0.786, 0.044), (0.781, 0.047), (0.780, 0.046)],
    UNET: [(0.847, 0.038), (0.856, 0.025), (0.854, 0.036), (0.853, 0.031), (0.861, 0.034), (0.854, 0.033)],
    FCN: [(0.868, 0.036), (0.854, 0.028), (0.880, 0.031), (0.846, 0.035), (0.850, 0.027), (0.860, 0.031)],
}
"""Folds 1 to 5, and all."""


def _part(title: str, key: str, form: str, better: str, printed: dict[str, list[tuple[float, float]]]) -> Part:
    return Part(
        title=title,
        columns=(Column(key=key, heading="all folds", form=form, better=better, by_fold=True),),
        lines=lines(
            of_flair(),
            FCN,
            {method: {key: figures[-1]} for method, figures in printed.items()},
            {method: {key: figures[:-1]} for method, figures in printed.items()},
        ),
    )


TABLE = cross_validated_table(
    name="wei-2.2",
    title="synthesised FLAIR by method and fold",
    number="2.2",
    target=FLAIR,
    parts=[
        _part("(a) MSE", "mse", ",.4g", "lower", MSE),
        _part("(b) SSIM", "ssim", ".3f", "higher", SSIM),
    ],
    reading=(
        OF_Z_SCORES,
        "SSIM: over the brain, windows of 7 voxels; that of a noisy target is low however good the synthesis is, since "
        "noise cannot be synthesised.",
    ),
)
