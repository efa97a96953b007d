"""Table 2.3 of Wei's thesis: contrast of lesions in synthesised FLAIR; and how well lesions found in both agree."""

from brainlab.experiments.cross_validation.record import CrossValidation
from brainlab.experiments.tables.cross_validated import Column, Line, Part, cross_validated_table
from brainlab.experiments.tables.translators import (
    FCN,
    FLAIR,
    FOREST,
    PERCEPTRON,
    PROPAGATION,
    UNET,
    lines,
    of_flair,
)

PUBLISHED = {
    FOREST: {"lesion_contrast": (1.33, 0.07), "lesion_contrast_near": (1.15, 0.04)},
    PROPAGATION: {"lesion_contrast": (1.31, 0.06), "lesion_contrast_near": (1.13, 0.04)},
    PERCEPTRON: {"lesion_contrast": (1.39, 0.11), "lesion_contrast_near": (1.20, 0.05)},
    UNET: {"lesion_contrast": (1.34, 0.09), "lesion_contrast_near": (1.17, 0.04)},
    FCN: {"lesion_contrast": (1.47, 0.13), "lesion_contrast_near": (1.22, 0.07), "lesion_dice": (0.73, 0.12)},
}
TRUTH = {"lesion_contrast_real": (1.66, 0.12), "lesion_contrast_near_real": (1.33, 0.09)}


def _of_truth(record: CrossValidation) -> bool:
    return of_flair()[FCN](record)


TABLE = cross_validated_table(
    name="wei-2.3",
    title="contrast of lesions in synthesised FLAIR",
    number="2.3 and section 2.3.2",
    target=FLAIR,
    parts=[
        Part(
            title="synthesised",
            columns=(
                Column(key="lesion_contrast", heading="ratio 1", form=".2f", better="higher"),
                Column(key="lesion_contrast_near", heading="ratio 2", form=".2f", better="higher"),
                Column(key="lesion_dice", heading="Dice of lesions", form=".2f", better="higher"),
                Column(key="blur_ratio", heading="detail kept", form=".2f"),
            ),
            lines=lines(of_flair(), FCN, PUBLISHED),
        ),
        Part(
            title="true",
            columns=(
                Column(key="lesion_contrast_real", heading="ratio 1", form=".2f"),
                Column(key="lesion_contrast_near_real", heading="ratio 2", form=".2f"),
            ),
            lines=(Line(method="true FLAIR", matches=_of_truth, published=TRUTH),),
        ),
    ],
    reading=(
        "Ratio 1: mean intensity of lesions over that of normal-appearing white matter; ratio 2: over that within 5 "
        "voxels of a lesion. Nearer to the true FLAIR is better.",
        "Dice: of lesions that one rule (3 robust standard deviations above white matter) finds in the synthesised and "
        "in the true FLAIR; the thesis used a segmentation pipeline. Detail kept: gradient energy over that of the "
        "true scan; below 1 is blur, and a noisy scan cannot be matched.",
    ),
)
