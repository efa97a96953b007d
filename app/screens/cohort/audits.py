"""What an audit says of a cohort, measured once for each."""

from functools import lru_cache

from app.data import resources
from brainlab.cohort.audit import Audit, audit

CONFOUND_NOTE = (
    "The FLAIR IntroVAE paper's classes were scanned with different settings (its figure 11), and it could not say "
    "whether its classifier used that. A score at chance says that nothing here can be used so."
)


def confound_figures(name: str) -> list[tuple[str, str, str]]:
    """How well acquisition parameters alone tell the classes of a cohort apart: (title, value, explanation)."""
    found = _audit(name, resources.cohort(name).sha256)
    if found.confound is None:
        return [("Confound score", "none", "; ".join(found.warnings))]
    columns = ", ".join(found.confound.columns) or "nothing that differs"
    how = f"Balanced accuracy of the class predicted from {columns}; no participant is in two folds."
    return [
        ("Confound score", f"{found.confound.score:.2f}", how),
        ("Chance", f"{found.confound.chance:.2f}", "One over the number of classes."),
    ]


def sharpness_figures(name: str) -> list[tuple[str, str, str]]:
    """How sharp the mean image is beside single scans: (title, value, explanation)."""
    found = _audit(name, resources.cohort(name).sha256)
    how = "Variance of the Laplacian, with grey levels of 0 to 255."
    return [
        ("Sharpness of the mean", f"{found.mean_image_sharpness:,.0f}", how),
        ("Mean sharpness of the scans", f"{found.scan_sharpness:,.0f}", how),
    ]


@lru_cache(maxsize=8)
def _audit(name: str, sha256: str) -> Audit:
    return audit(resources.cohort(name))
