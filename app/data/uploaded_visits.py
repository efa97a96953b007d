"""Scans of one visit that a visitor brings to a translating run: prepared and translated at once, held in memory only.

As with `uploads`, nothing of a patient is written to the workspace; the files lie in a temporary folder while they are
read.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.data import resources
from app.data.held import Held
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.errors import InputError, UnreadableScanError
from brainlab.experiments.synthesis.whole_scans import Translated, recipe_of_inputs, translate_visit
from brainlab.images.provenance import NOT_REAL, Provenance
from brainlab.images.provenance_files import origin_of
from brainlab.runs.run import Run

KEPT = 4
"""Visits in memory: 50 MB each, of five sequences of 208x256x40 voxels."""


@dataclass(frozen=True)
class OwnVisit:
    """What is kept of uploaded scans. translated: what the run made.  origins: what their files say of themselves."""

    translated: Translated
    origins: tuple[Provenance, ...]

    @property
    def simulated(self) -> bool:
        """Whether any of the files says that it shows no person."""
        return any(origin.kind in NOT_REAL for origin in self.origins)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed while the scans were prepared, a line each."""
        kinds = dict.fromkeys(origin.kind for origin in self.origins if origin.kind in NOT_REAL)
        said = [f"Not a real scan according to its file: {kind} by brainlab." for kind in kinds]
        return (*self.translated.notes, *said)


@dataclass(frozen=True)
class UploadedScans:
    """The uploaded scans of a visit for one run. key: hash of the files, of the run and of how they were prepared."""

    run: str
    key: str = field(repr=False)

    @property
    def own(self) -> OwnVisit:
        """What is held of them; InputError where they are held no longer."""
        return _visits.get(self.key)


_visits: Held[OwnVisit] = Held(KEPT)


def take_visit(run: str, files: Mapping[str, bytes | memoryview], in_template_space: bool = False) -> UploadedScans:
    """Prepare and translate the scans of a visit and hold what was made; the same scans are prepared once.

    files: content of a scan's file for each of the run's inputs.  in_template_space: all are skull-stripped and on the
    MNI152 template already.
    Raises InputError, which begins with the sequence where it is of one of them, where the scans cannot be used.
    """
    found = resources.run(run)
    recipe = recipe_of_inputs(found)
    if missing := [name for name in found.config.inputs if name not in files]:
        raise InputError(f"{run} needs {', '.join(found.config.inputs)}, got no {', '.join(missing)}; upload it too")
    digest = hashlib.sha256(f"{found.sha256}:{recipe}:{in_template_space}".encode())
    for name in found.config.inputs:
        digest.update(hashlib.sha256(files[name]).digest())
    key = digest.hexdigest()
    _visits.make(key, lambda: _prepare(found, files, in_template_space))
    return UploadedScans(run, key)


def _prepare(run: Run, files: Mapping[str, bytes | memoryview], in_template_space: bool) -> OwnVisit:
    """Translate from temporary files, whose names are ours."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{number}.nii.gz" for number, name in enumerate(run.config.inputs)}
        for name, path in paths.items():
            path.write_bytes(files[name])
        recipe = recipe_of_inputs(run)
        # The recipe may know a sequence by a longer name than the run: MTRmap of MTR.
        first, *others = (
            ScanSource(path, name, in_template_space=in_template_space)
            for name, path in zip(recipe.channels, paths.values(), strict=True)
        )
        source = ScanSource(
            first.path,
            first.relative,
            in_template_space=in_template_space,
            others={other.relative: other for other in others},
        )
        try:
            made = translate_visit(run, source, recipe)
        except UnreadableScanError as error:
            led = any(error.reason.startswith(f"{name}: ") for name in recipe.channels)
            raise InputError(error.reason if led else f"{recipe.channels[0]}: {error.reason}") from error
        return OwnVisit(made, tuple(origin_of(path) for path in paths.values()))
