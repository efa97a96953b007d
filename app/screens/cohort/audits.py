"""The audit of a cohort for its page, computed once per cohort."""

from functools import lru_cache

from app.data import resources
from brainlab.cohort.checks.audit import Audit, audit

CONFOUND_NOTE = (
    "In the FLAIR IntroVAE paper, acquisition parameters differed between the classes (figure 11), so the "
    "classifier may have used them. A score at chance means that acquisition "
    "parameters carry no class information in this cohort."
)


def confound_figures(name: str) -> list[tuple[str, str, str]]:
    """How well acquisition parameters alone predict the class: (title, value, explanation)."""
    found = _audit(name, resources.cohort(name).sha256)
    if found.confound is None:
        return [("Confound score", "none", "; ".join(found.warnings))]
    columns = ", ".join(found.confound.columns) or "no parameter that differs"
    how = f"Balanced accuracy of the class predicted from {columns}; no participant is in two folds."
    return [
        ("Confound score", f"{found.confound.score:.2f}", how),
        ("Chance", f"{found.confound.chance:.2f}", "One over the number of classes."),
    ]


def sharpness_figures(name: str) -> list[tuple[str, str, str]]:
    """Sharpness of the mean image and of single scans: (title, value, explanation)."""
    found = _audit(name, resources.cohort(name).sha256)
    how = "Variance of the Laplacian, with grey levels of 0 to 255."
    return [
        ("Sharpness of the mean", f"{found.mean_image_sharpness:,.0f}", how),
        ("Mean sharpness of the scans", f"{found.scan_sharpness:,.0f}", how),
    ]


@lru_cache(maxsize=8)
def _audit(name: str, sha256: str) -> Audit:
    return audit(resources.cohort(name))
