"""The long commands on data small enough to be run hundreds of times."""

import gzip
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom import dcmread

from benchmarks.faults.process import run
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import BrainlabError
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.runs.evaluation_values import read_values
from brainlab.runs.run import load_run
from brainlab.translation.linear import LinearConfig
from brainlab.workspace import SHIPPED_COHORTS

PEOPLE = 2
SIMULATE = ("--participants", str(PEOPLE), "--seed", "3", "--space", "mni", "--voxel-size-mm", "2")
TRAIN = ("train", "vae-8", "--data", "few", "--out", "out", "--epochs", "4", "--checkpoint-steps", "1")
TRANSLATOR = ("train", "flair-linear", "--inputs", "T1w", "T2w", "--target", "FLAIR", "--patch", "8", "8", "8")
PREPARE = ("prepare", "sim", "out", "--recipe", "flair-40")
EVALUATE = ("evaluate", "out", "--data", "few", "--n", "8")
IMPORT = ("import-dicom", "scanner", "out")
TRANSLATE = ("translate", "translator", "noise", "out", "--split", "all")


@dataclass(frozen=True)
class Command:
    """A long command.

    needs: inputs, by their folder's name, that it only reads. base: input that it is given a copy of as `out`.
    again: words by which it is taken up, given the folder; the same by default.
    taken: how the next step takes what is there: `None` where it refuses it, else what it has found in it.
    """

    name: str
    words: tuple[str, ...]
    needs: tuple[str, ...]
    taken: Callable[[Path], object]
    base: str | None = None
    again: Callable[[Path], tuple[str, ...]] | None = None
    leader: bool = False

    def begin(self, inputs: Path, folder: Path) -> None:
        """Make the folder that it runs in, anew."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in self.needs:
            (folder / name).symlink_to(inputs / name)
        if self.base:
            shutil.copytree(inputs / self.base, folder / "out")

    def taken_up(self, folder: Path) -> tuple[str, ...]:
        return self.again(folder) if self.again else self.words


@contextmanager
def places(kept: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield a folder to work in, and one with what the commands read: `kept` from an earlier call, if given."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        inputs = kept or Path(folder) / "inputs"
        if not inputs.exists():
            make_inputs(inputs)
        os.environ["BRAINLAB_WORKSPACE"] = str(inputs / "workspace")
        yield Path(folder), inputs


def make_inputs(inputs: Path) -> None:
    """Write what the commands need: simulated people, a few prepared scans, visits of noise, two runs, DICOM files."""
    shipped = PreparedDataset.open(SHIPPED_COHORTS / "simulated")
    rows = np.r_[shipped.indices("train")[:8], shipped.indices("test")[:8]]
    images = (shipped.volumes[row] / np.float32(255) for row in rows)
    write_prepared(inputs / "few", images, shipped.scans.iloc[rows], shipped.recipe)
    _write_dicom(inputs / "scanner")
    (inputs / "workspace").mkdir()
    (inputs / "workspace" / "pseudonyms.key").write_text("5" * 64 + "\n", encoding="ascii")
    config = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=1, patch=(8, 8, 8))
    noise_of_sequences(config, inputs / "noise", 20)
    for words in (
        ("simulate", "sim", *SIMULATE),
        ("train", "vae-8", "--data", "few", "--out", "run", "--epochs", "1"),
        (*TRANSLATOR, "--data", "noise", "--out", "translator"),
    ):
        ended = run(words, inputs)
        if ended.code:
            raise RuntimeError(f"{' '.join(words)}: {ended.err}")


def _write_dicom(folder: Path) -> None:
    """Write images that come with nibabel, whose pixels are zero: an enhanced one, two mosaics with noise put in."""
    folder.mkdir()
    for name in ("philips_mprage", "siemens_dwi_0", "siemens_dwi_1000"):
        packed = Path(nib.__file__).parent / "nicom" / "tests" / "data" / f"{name}.dcm.gz"
        image = dcmread(io.BytesIO(gzip.decompress(packed.read_bytes())))
        if name.startswith("siemens"):
            noise = np.random.default_rng(len(name)).integers(0, 4000, (image.Rows, image.Columns), np.uint16)
            image.PixelData = noise.tobytes()
        image.save_as(folder / name)


def _scans(folder: Path) -> object:
    found = find_sources(folder / "out", "flair-40")
    classes = [scan.details.get("class") for scan in found.scans]
    return sorted(map(str, classes))


def _dataset(folder: Path) -> object:
    return PreparedDataset.open(folder / "out").sha256


def _weights(folder: Path) -> object:
    """Weights of any epoch are whole weights."""
    return bool(load_run(folder / "out").sha256)


def _evaluation(folder: Path) -> object:
    run_ = load_run(folder / "out")
    read_values(run_)
    assert run_.evaluation_file is not None
    return len(json.loads(run_.evaluation_file.read_text(encoding="utf-8")))


def _files(folder: Path) -> object:
    return len(find_sources(folder / "out", "flair-40").scans)


def _imported(folder: Path) -> object:
    return len(find_sources(folder / "out", "t1-cube-64").scans) + len(
        find_sources(folder / "out", "dwi-slices-128").scans
    )


def _resume(words: tuple[str, ...]) -> Callable[[Path], tuple[str, ...]]:
    def again(folder: Path) -> tuple[str, ...]:
        return (*words, "--resume") if (folder / "out" / "resume.pt").exists() else words

    return again


def _again(folder: Path) -> tuple[str, ...]:
    """A translation that was killed when all was done is told to be given --overwrite."""
    done = (folder / "out").is_dir() and any(path.name[0] != "." for path in (folder / "out").iterdir())
    return (*TRANSLATE, "--overwrite") if done else TRANSLATE


TRANSLATOR_WORDS = (*TRANSLATOR, "--data", "noise", "--out", "out", "--epochs", "6", "--checkpoint-steps", "2")
GAN = ("train", "ivae-32", "--data", "few", "--out", "out", "--epochs", "2", "--checkpoint-steps", "1")
JOBS = ("--jobs", "2")
COMMANDS = {
    command.name: command
    for command in (
        Command("simulate", ("simulate", "out", *SIMULATE), (), _scans),
        Command("simulate --jobs 2", ("simulate", "out", *SIMULATE, *JOBS), (), _scans, leader=True),
        Command("prepare", PREPARE, ("sim",), _dataset),
        Command("prepare --jobs 2", (*PREPARE, *JOBS), ("sim",), _dataset, leader=True),
        Command("train vae-8", TRAIN, ("few",), _weights, again=_resume(TRAIN)),
        Command("train ivae-32", GAN, ("few",), _weights, again=_resume(GAN)),
        Command("train flair-linear", TRANSLATOR_WORDS, ("noise",), _weights, again=_resume(TRANSLATOR_WORDS)),
        Command("evaluate", EVALUATE, ("few",), _evaluation, base="run"),
        Command("import-dicom", IMPORT, ("scanner", "workspace"), _imported),
        Command("translate", TRANSLATE, ("translator", "noise"), _files, again=_again),
    )
}


def take(command: Command, folder: Path) -> object:
    """Return what the next step takes of a command's results, None where it refuses them."""
    try:
        return command.taken(folder)
    except BrainlabError:
        return None


TIMES = (
    (re.compile(rb'"(seconds|samples_per_second)": [0-9.]+'), rb'"\1": 0'),
    (re.compile(rb"[0-9]+ minutes at [0-9]+ ([a-z]+) a second"), rb"0 minutes at 0 \1 a second"),
)
"""What may differ in text: seconds that a training took, and the rate that follows from them."""


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files below a folder, of `resume.pt` its values, without the seconds of trainings."""
    return {path.relative_to(folder).as_posix(): _content(path) for path in _files_below(folder)}


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "resume.pt":
        return _values_of(path)
    if path.suffix in (".json", ".jsonl", ".md"):
        for pattern, instead in TIMES:
            content = pattern.sub(instead, content)
    return content


def _values_of(path: Path) -> bytes:
    """Return every tensor and number of a checkpoint as bytes, without the seconds and what is measured by them."""
    import torch

    said: list[bytes] = []

    def say(value: object) -> None:
        if isinstance(value, torch.Tensor):
            said.append(value.detach().cpu().contiguous().numpy().tobytes())
        elif isinstance(value, dict):
            for key in value:
                if key not in ("seconds", "samples_per_second", "metrics_bytes"):
                    said.append(str(key).encode())
                    say(value[key])
        elif isinstance(value, list | tuple):
            for item in value:
                say(item)
        else:
            said.append(repr(value).encode())

    say(torch.load(path, map_location="cpu", weights_only=True))
    return b"\n".join(said)
