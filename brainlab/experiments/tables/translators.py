"""Which cross-validation is of which method of Wei's thesis: the rows that its tables share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brainlab.experiments.cross_validation.record import CrossValidation
from brainlab.experiments.tables.cross_validated import Column, Figure, Line, has_inputs

FLAIR, PET = "FLAIR", "DVR"
FIVE = ("T1w", "T2w", "PDw", "T1SE", "DIR")
"""Inputs of chapter 2."""
MTR_AND_DTI = ("MTR", "FA", "RD", "AD")
"""Inputs of chapters 3 and 4."""

Matches = Callable[[CrossValidation], bool]


def of_method(method: str, inputs: Sequence[str], **settings: Any) -> Matches:
    """Return whether a record is of a method with these inputs and settings."""

    def matches(record: CrossValidation) -> bool:
        config = record.config
        own = all(config.get(name) == value for name, value in settings.items())
        return record.method == method and own and has_inputs(record, inputs)

    return matches


FOREST, PROPAGATION, PERCEPTRON, UNET, FCN = (
    "random forest, 60 trees",
    "modality propagation",
    "multilayer perceptron",
    "U-Net",
    "3D FCN (proposed)",
)
LINEAR, FLOW = "linear voxel model (ours)", "flow on Haar bands (ours)"


def of_flair(inputs: Sequence[str] = FIVE) -> dict[str, Matches]:
    """Return who is who in chapter 2, and what is ours beside it."""
    return {
        FOREST: of_method("random-forest", inputs),
        PROPAGATION: of_method("modality-propagation", inputs),
        PERCEPTRON: of_method("fcn", inputs, kernel=1),
        UNET: of_method("unet", inputs),
        FCN: of_method("fcn", inputs, kernel=3, depth=3, filters=64),
        LINEAR: of_method("linear", inputs),
        FLOW: of_method("translation_flow", inputs),
    }


TWO_LAYERS, SKETCHER, REFINER = "2-layer network", "Sketcher (cGAN)", "Refiner (proposed)"
CF_SAGAN, REFINER_CF_SAGAN = "CF-SAGAN", "Refiner CF-SAGAN (proposed)"
WEIGHTED, NORMALISED = ", weighted L1", ", normalised weighted L1"
ERRORS = {"": "l1", WEIGHTED: "weighted-l1", NORMALISED: "nwl1"}
"""Ends of names to the error that is minimised."""


def of_pet(inputs: Sequence[str] = MTR_AND_DTI) -> dict[str, Matches]:
    """Return who is who in chapters 3 and 4, and what is ours beside it."""
    return {
        TWO_LAYERS: of_method("fcn", inputs, kernel=7),
        **{UNET + end: of_method("unet", inputs, error=error) for end, error in ERRORS.items()},
        **{SKETCHER + end: of_method("cgan", inputs, error=error) for end, error in ERRORS.items()},
        REFINER: of_method("sketcher_refiner", inputs, refiners=1, refiner_error="weighted-l1"),
        **{CF_SAGAN + end: of_method("cf_sagan", inputs, refiners=0, error=error) for end, error in ERRORS.items()},
        REFINER_CF_SAGAN: of_method("cf_sagan", inputs, refiners=1, refiner_error="nwl1"),
        LINEAR: of_method("linear", inputs),
        FLOW: of_method("translation_flow", inputs),
    }


def among(matches: Mapping[str, Matches], names: Sequence[str]) -> dict[str, Matches]:
    """Return some of the methods, in this order."""
    return {name: matches[name] for name in names}


def lines(
    matches: Mapping[str, Matches],
    proposed: str,
    published: Mapping[str, Mapping[str, Figure]],
    folds: Mapping[str, Mapping[str, Sequence[Figure]]] | None = None,
) -> tuple[Line, ...]:
    """Return a row for each method. published, folds: by method what the thesis prints, see `Line`."""
    return tuple(
        Line(
            method=method,
            matches=which,
            published=published.get(method, {}),
            folds=(folds or {}).get(method, {}),
            proposed=method == proposed,
        )
        for method, which in matches.items()
    )


def mean_of(record: CrossValidation, measure: str) -> float | None:
    """Return the mean of a measure over held-out scans."""
    values = record.values(measure)
    return float(values.mean()) if len(values) else None


def share_of_variance(record: CrossValidation) -> float | None:
    """Return the mean squared error as a share of that which the target's own mean makes."""
    error, whole = (mean_of(record, name) for name in ("mse", "mse_of_mean"))
    return None if error is None or not whole else error / whole


OF_VARIANCE = Column(key="of_variance", heading="of variance", form=".3f", of=share_of_variance)
OF_Z_SCORES = (
    "MSE: of z-scores of each scan's brain here, of the scanner's intensities in the thesis: compare the methods with "
    "one another, and neither with the other table. Of variance: MSE over that of the FLAIR's own mean, which knows "
    "the person; at 1 a method knows no more than that."
)

DVR_COLUMNS = (
    Column(key="mse_in_units", heading="MSE", form=".4f", better="lower"),
    Column(key="psnr", heading="PSNR", form=".2f", better="higher"),
)
DISCREPANCY_COLUMNS = (
    Column(key="discrepancy_white_of_controls", heading="WM in controls", form=".3f", better="lower"),
    Column(key="discrepancy_white_of_patients", heading="NAWM", form=".3f", better="lower"),
    Column(key="discrepancy_lesions", heading="lesions", form=".3f", better="lower"),
)
OF_DVR = (
    "MSE: of DVR over the brain; PSNR in dB, its peak the highest DVR of the scan. The simulated PET is at 2.44 mm, "
    "the thesis' at 1.22 mm."
)
OF_DISCREPANCY = (
    "Difference between the true and the synthesised mean DVR of a region, without its sign. WM: white matter; NAWM: "
    "white matter of patients outside lesions."
)
