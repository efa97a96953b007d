"""Scans with something about them changed, by runs that encode them under what they show and decode them under another.

The noise that a scan comes from is kept, so that another change only has to be decoded.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from app.data import resources
from app.data.uploads import Uploaded, UploadedSlice
from app.data.volumes import Scan, Told, as_network_reads, version
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes
from brainlab.images.provenance import Provenance
from brainlab.runs.image_provenance import edited_by
from brainlab.types import Float32Array, UInt8Array

KEPT = 16
"""Scans whose noise stays in memory: as many numbers as a scan has voxels, 300 kB of a 40x48x40 volume."""

AnyScan = Scan | Uploaded | UploadedSlice


@dataclass(frozen=True)
class Edited:
    """A scan as a run decodes it.

    own: what it shows.  wanted: what it is to show; the same as `own` gives its reconstruction.
    """

    run: str
    scan: AnyScan
    own: Told
    wanted: Told
    guidance: float = 1.0
    needs_model: ClassVar[bool] = True

    @property
    def grid(self) -> Grid:
        return resources.run(self.run).grid

    @property
    def provenance(self) -> Provenance:
        return edited_by(resources.run(self.run), dict(self.own), dict(self.wanted), self.guidance)

    def array(self) -> UInt8Array:
        from brainlab.experiments.analysis.counterfactual import decode_edited
        from brainlab.runs.calls.devices import quick_arithmetic

        run = resources.run(self.run)
        noise = _noise(self.run, run.sha256, self.scan, version(self.scan), self.own)
        with quick_arithmetic(run.device):
            return to_bytes(decode_edited(run, noise, dict(self.own), dict(self.wanted), self.guidance)[0])


@lru_cache(maxsize=KEPT)
def _noise(run: str, run_sha256: str, scan: AnyScan, scan_version: str, own: Told) -> Float32Array:
    from brainlab.runs.calls.devices import quick_arithmetic

    found = resources.run(run)
    with quick_arithmetic(found.device):
        return found.encode(as_network_reads(scan), condition=dict(own))[0]
