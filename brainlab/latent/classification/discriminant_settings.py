"""The choices that a linear discriminant analysis leaves to its user."""

from typing import Literal

Priors = Literal["empirical", "uniform"]
"""How likely the classes are before a scan is seen: as in the training split, or all alike."""

Shrinkage = Literal["choose", "none", "auto"]
"""Of the covariance within classes: chosen by cross-validation, none, or by Ledoit and Wolf's rule."""
