"""Where scans to prepare come from: what their dataset says, and what their files say of themselves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brainlab.cohort.sources.image_files import Note
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.images.provenance import BY_A_RUN, NOT_REAL, Kind
from brainlab.images.provenance_files import origin_of

if TYPE_CHECKING:
    from brainlab.cohort.preparation.kept_scans import Outcome


def origin_of_scan(source: ScanSource) -> Kind:
    """Return where a scan comes from; of a visit of several scans, what is least like a scan among them."""
    kinds: set[str] = {"simulated"} if source.simulated else set()
    kinds |= {origin_of(path).kind for path in (source.path, *(other.path for other in source.others.values()))}
    order: tuple[Kind, ...] = ("difference", "reconstructed", "generated", "simulated")
    return next((kind for kind in order if kind in kinds), "prepared")


def unreal_notes(scans: Sequence[ScanSource], outcomes: Sequence["Outcome"]) -> list[Note]:
    """Return a note on each prepared file that is no real scan by its own account, if its dataset does not say so."""
    notes = []
    for source, outcome in zip(scans, outcomes, strict=True):
        known = source.simulated and outcome.origin == "simulated"
        if outcome.file is not None and outcome.origin in NOT_REAL and not known:
            mark = "generated" if outcome.origin in BY_A_RUN else "simulated"
            reason = (
                f"not a real scan according to its file: {outcome.origin} by brainlab; the dataset is marked {mark}"
            )
            notes.append({"path": outcome.relative, "reason": reason})
    return notes
