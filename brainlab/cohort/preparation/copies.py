"""Find scans that are copies of each other by what they show, whatever their files are called and packed in."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from brainlab.cohort.sources.image_files import LEFT_OUT, Note
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.images.volume import Volume

T = TypeVar("T")


def content_hash(volume: Volume) -> str:
    """Return a hash of the voxel values, whatever their order.

    A copy that was packed in another format, got another header, or was turned or mirrored keeps it; two scans do not
    share it, since noise makes every scan's values its own.
    """
    values = np.sort(volume.data, axis=None) + np.float32(0)  # -0 and 0 are one value
    return hashlib.sha256(repr(sorted(volume.data.shape)).encode() + values.tobytes()).hexdigest()


def without_copies(
    scans: Sequence[tuple[ScanSource, T]], hashes: Sequence[str], doubts: Sequence[int]
) -> tuple[list[tuple[ScanSource, T]], list[Note]]:
    """Keep one of scans with equal voxels, the first with the fewest doubts, and say of whom the others were.

    One scan under two people would lie on both sides of the split, or count for two classes.
    doubts: what had to be noted when each scan was read, such as that its left and right are not known.
    """
    best: dict[str, int] = {}
    for place, digest in enumerate(hashes):
        if digest not in best or doubts[place] < doubts[best[digest]]:
            best[digest] = place
    kept, notes = [], []
    for place, digest in enumerate(hashes):
        source, known = scans[place][0], scans[best[digest]][0]
        if source is known:
            kept.append(scans[place])
            continue
        reason = f"{LEFT_OUT}the same voxels as {known.relative}, which is taken"
        mine, other = _who(source), _who(known)
        if mine != other:
            reason += f" as {other}, not {mine}; find out whose scan it is"
        notes.append({"path": source.relative, "reason": reason})
    return kept, notes


def _who(source: ScanSource) -> str:
    """Name the person, the visit and the class of a scan."""
    names = [source.details.get(name) for name in ("participant", "session", "class")]
    return " ".join(str(name) for name in names if name is not None)
