"""A prepared dataset: a folder with memory-mapped volumes and a table, whole or not there at all.

volumes.npy   [N, *shape] of one channel or [N, C, *shape] of several; uint8 over [0, 1] (or float16, in which z-scores
              are kept)
segmentations.npy  labels on the same voxels, uint8 [N, *shape] without channels, where scans came with them; of several
              sequences without any, the brain
*.npy.xz      either of them where it ships compressed
scans.tsv     one row a volume, in the same order
recipe.json   recipe name, steps, parameters, versions, affine of the grid, whether any scans are `simulated` or any
              images `generated`; `plane` of slices; `channels` names the sequences where there are several, `intensity`
              is `z-score` where values are not in [0, 1]; `labels` names those of the segmentations by number
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from brainlab.cohort.intensity import CHANNELS, INTENSITY, UNIT, Z_SCORE, Z_WINDOW
from brainlab.cohort.origin import Origin
from brainlab.cohort.scan_table import read_scans, row_order, write_scans
from brainlab.cohort.segmentations import BRAIN_ALONE, LABELS, SEGMENTATIONS, open_segmentations
from brainlab.counted import counted, noun
from brainlab.errors import UNREADABLE_ARRAY, InputError, array_reason
from brainlab.files.array_files import let_go, one_by_one
from brainlab.files.json_text import parse_json
from brainlab.files.packed_array import PACKED, unpack
from brainlab.images.grid import Grid
from brainlab.images.pictures import windowed
from brainlab.pseudonyms import PUBLIC_KEY, keyed_hash
from brainlab.types import Float32Array, FloatArray, IntArray, UInt8Array

TEST_SHARE = 0.1
IMPLIED = ("summary", "steps", "modalities")
"""Keys of `recipe.json` that say what others, or the scans' table, say."""
VOLUMES = "volumes.npy"
ARRAYS = (VOLUMES, SEGMENTATIONS)
FILES = ("recipe.json", "scans.tsv", *ARRAYS, *(name + PACKED for name in ARRAYS), "intermediate", "audit")
"""What this program writes into the folder of a prepared dataset, and can write again."""
EDITED_S = 5.0
"""`scans.tsv` is written just before `recipe.json`; one that is so much newer was changed by its user."""
ROW_ORDER = "row_order"
"""Key of `recipe.json` for the order in which `scans.tsv` was written."""


def participant_hash(participant: str) -> str:
    """Return a plain hash of an id: it decides the split, and hides nothing, for whoever counts ids finds it again.

    Runs of older versions kept it; `brainlab.pseudonyms` is what names people now.
    """
    return hashlib.sha256(f"brainlab:{participant}".encode()).hexdigest()[:16]


def participant_split(participant: str) -> str:
    """Return `train` or `test`, the same for a participant whoever else is in the cohort.

    The paper draws 10% of the patients at random (FLAIR IntroVAE, section 4.3); a hash below 0.1 keeps the draw stable
    when people are added, and no participant can be on both sides: slices or visits of one person are nearly copies of
    each other (the IXI thesis split them), so that a test on them would measure memory.
    """
    return "test" if int(participant_hash(participant), 16) / 16**16 < TEST_SHARE else "train"


@dataclass(frozen=True)
class PreparedDataset:
    """Volumes of one grid with their table. Open one with `PreparedDataset.open(folder)`."""

    folder: Path
    volumes: npt.NDArray[Any] | Any
    scans: pd.DataFrame
    recipe: dict[str, Any]
    cut_from: "PreparedDataset | None" = None
    """The dataset on disk whose volumes these images are cut from, where a view made this one."""
    part: str = ""
    """What a view cut, in words."""
    segmentations: npt.NDArray[np.uint8] | Any | None = None
    """Labels [N, *shape] of the same voxels, 0 where there is none of `label_names`; None where scans came without."""

    @classmethod
    def open(cls, folder: Path | str) -> "PreparedDataset":
        """Map a prepared dataset into memory, unpacking it first where it ships compressed.

        The table needs the columns participant, class and split, see `read_scans`; all of `COLUMNS` are there then.
        Raises InputError when the folder is not a prepared dataset or its parts do not fit together.
        """
        folder = Path(folder)
        if not (folder / "recipe.json").is_file():
            raise InputError(f"{folder}: not a prepared dataset (no recipe.json); make one with 'brainlab prepare'")
        for name in ARRAYS:
            unpack(folder / name)
        try:
            volumes = np.load(folder / VOLUMES, mmap_mode="r", allow_pickle=False)
            recipe = parse_json((folder / "recipe.json").read_text(encoding="utf-8"))
            recipe["name"]
            _check_layout(volumes, recipe)
            several = len(recipe.get(CHANNELS) or ()) > 1
            labels = open_segmentations(folder, recipe, (len(volumes), *volumes.shape[2 if several else 1 :]))
        except (*UNREADABLE_ARRAY, LookupError, TypeError, InputError) as error:
            raise InputError(f"{folder}: damaged prepared dataset ({array_reason(error)}); prepare it again") from error
        scans = read_scans(folder / "scans.tsv")
        if len(volumes) != len(scans):
            raise InputError(
                f"{folder}: {counted(len(volumes), 'volume')} but {counted(len(scans), 'row')} in scans.tsv, "
                "whose order is that of the "
                "volumes; put back the table as it was, or prepare the scans again"
            )
        order = row_order(scans)
        if order and order != recipe.get(ROW_ORDER, order):
            raise InputError(
                f"{folder}: the rows of scans.tsv are in another order than the volumes; put back the table as it was, "
                "or prepare the scans again"
            )
        return cls(folder, volumes, scans, recipe, segmentations=labels)

    def __len__(self) -> int:
        return len(self.volumes)

    @property
    def name(self) -> str:
        """The folder's name, and what of it these images are where a view cut them."""
        return f"{self.folder.name}: {self.part}" if self.part else self.folder.name

    @property
    def noun(self) -> str:
        """What its images are called: scans or slices; in the singular of one."""
        return noun(len(self), self.grid.noun)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image, without channel: three sides of a volume, two of a slice."""
        return tuple(self.volumes.shape[1:] if len(self.channels) == 1 else self.volumes.shape[2:])

    @property
    def channels(self) -> tuple[str, ...]:
        """Sequences of one image, in order; a dataset of one channel may not say which."""
        return tuple(self.recipe.get(CHANNELS) or ("image",))

    @property
    def unit_range(self) -> bool:
        """Whether intensities lie in [0, 1]; otherwise they are z-scores."""
        return self.recipe.get(INTENSITY, UNIT) == UNIT

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from voxel indices to mm (RAS)."""
        return np.asarray(self.recipe["affine"], dtype=float)

    @property
    def grid(self) -> Grid:
        """Where the voxels lie in the patient, and how the images are looked at."""
        return Grid.recorded(self.shape, self.recipe)

    @property
    def label_names(self) -> dict[int, str]:
        """Names of the labels of `segmentations` by their number; empty where there are none."""
        return {int(number): name for number, name in self.recipe.get(LABELS, {}).items()}

    @property
    def origin(self) -> Origin:
        return Origin(self.recipe, self.scans)

    @property
    def simulated(self) -> bool:
        return self.origin.simulated

    @cached_property
    def sha256(self) -> str:
        """Hash of the volumes and the table on disk; names caches that depend on this dataset.

        Segmentations are left out: what was trained on the images may go on once these have labels.
        """
        if self.cut_from is not None:
            return self.cut_from.sha256
        digest = hashlib.sha256((self.folder / "scans.tsv").read_bytes())
        for volume in one_by_one(self.volumes):
            digest.update(np.ascontiguousarray(volume).data)
        return digest.hexdigest()

    def indices(self, split: str | None = None) -> IntArray:
        """Row numbers of one split (`train` or `test`), or of all scans."""
        return np.arange(len(self)) if split is None else np.flatnonzero((self.scans["split"] == split).to_numpy())

    def batch(self, indices: IntArray) -> Float32Array:
        """Return the images at `indices` as float32 [n, C, *shape]: in [0, 1], or z-scores (`unit_range`)."""
        volumes = np.asarray(self.volumes[indices], dtype=np.float32)
        let_go((self.cut_from or self).volumes)
        volumes = volumes / np.float32(255) if self.volumes.dtype == np.uint8 else volumes
        return volumes if len(self.channels) > 1 else volumes[:, None]

    def shown(self, row: int, channel: int = 0) -> npt.NDArray[np.uint8]:
        """Return one channel of an image for a screen: uint8 [*shape], z-scores over `Z_WINDOW`."""
        image = np.asarray(self.volumes[row])
        image = image if len(self.channels) == 1 else image[channel]
        return image if image.dtype == np.uint8 else self.for_screen(image.astype(np.float32))

    def for_screen(self, values: FloatArray) -> npt.NDArray[np.uint8]:
        """Return values of this dataset's intensities as bytes: [0, 1], or z-scores over `Z_WINDOW`."""
        return windowed(values, *((0.0, 1.0) if self.unit_range else Z_WINDOW))

    def participant_hashes(self, split: str | None = None, key: bytes = PUBLIC_KEY) -> list[str]:
        """Hashes under a key of the participants of one split, sorted."""
        return sorted({keyed_hash(str(name), key) for name in self.scans["participant"].iloc[self.indices(split)]})

    def file_hashes(self, split: str | None = None) -> list[str]:
        """Hashes of the source files of one split, sorted; empty where the table does not name any.

        The key is public: only who has a file knows its sha256.
        """
        if "sha256" not in self.scans:
            return []
        known = self.scans["sha256"].iloc[self.indices(split)].dropna()
        return sorted({keyed_hash(str(name), PUBLIC_KEY) for name in known})

    @cached_property
    def voxel_hashes(self) -> list[str]:
        """Hash of the voxels of each image's scan, in order: the same scan under another name has the same one.

        Only as long as it was prepared alike, to the last bit. The key is public, as for files. Slices have that of the
        whole scan that they are cut from: two people's slices above the head are equal, and 26 hashes a scan are long.
        """
        if self.cut_from is not None:
            return [scan for scan in self.cut_from.voxel_hashes for _ in range(len(self) // len(self.cut_from))]
        rows = list(range(len(self)))
        if "slice" in self.scans:
            of = ["participant", "session", "modality", *(["source"] if "source" in self.scans else [])]
            rows = self.scans.groupby(of, sort=False, dropna=False).ngroup().tolist()
        contents = [hashlib.sha256() for _ in range(max(rows) + 1)]
        for row, image in zip(rows, one_by_one(self.volumes), strict=True):
            contents[row].update(np.ascontiguousarray(image).tobytes())
        hashes = [keyed_hash(content.hexdigest(), PUBLIC_KEY) for content in contents]
        return [hashes[row] for row in rows]


def _check_layout(volumes: npt.NDArray[Any], recipe: Mapping[str, Any]) -> None:
    """Raise ValueError or InputError where grid, channels and intensities are not what the recipe says."""
    channels = recipe.get(CHANNELS) or ["image"]
    if len(channels) > 1 and (volumes.ndim < 4 or volumes.shape[1] != len(channels)):
        raise ValueError(f"needs {counted(len(channels), 'channel')}, got an array of {volumes.shape}")
    Grid.recorded(volumes.shape[2:] if len(channels) > 1 else volumes.shape[1:], recipe)
    if recipe.get(INTENSITY, UNIT) not in (UNIT, Z_SCORE):
        raise ValueError(f"{INTENSITY}: needs {UNIT} or {Z_SCORE}, got {recipe[INTENSITY]!r}")
    if recipe.get(INTENSITY) == Z_SCORE and volumes.dtype == np.uint8:
        raise ValueError("z-scores need float16, got uint8")


def write_prepared(
    folder: Path,
    volumes: Iterable[Float32Array],
    scans: pd.DataFrame,
    recipe: dict[str, Any],
    dtype: str = "uint8",
    intermediate: Path | None = None,
    segmentations: Iterable[UInt8Array] | None = None,
) -> PreparedDataset:
    """Write a prepared dataset under a temporary name and rename it when whole.

    volumes: float arrays in [0, 1] (or z-scores, where `recipe` says so), one a row of `scans`, [*shape] or
    [C, *shape] of several channels, read one at a time so that memory does not grow with them.
    recipe: must hold `name`, `shape` and `affine`; `channels` and `intensity` where they are not one and `unit`; slices
    are axial unless `plane` says otherwise.
    dtype: `uint8` rounds to 1/255; `float16` keeps about three digits.
    intermediate: a folder to move into the dataset as `intermediate/`.
    segmentations: labels of each volume, [*shape]; `recipe` then names them under `labels`.
    Raises InputError when the folder exists already and is something else than a prepared dataset, or when the volumes
    do not fit the recipe's shape or the table.
    """
    _refuse_what_is_not_prepared(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        _write_volumes(scratch / VOLUMES, volumes, (len(scans), *_image_shape(recipe)), dtype)
        if segmentations is not None:
            shape = (len(scans), *recipe["shape"])
            _write_volumes(scratch / SEGMENTATIONS, segmentations, shape, "uint8", labels=True)
        write_scans(scratch / "scans.tsv", scans)
        record = {name: value for name, value in recipe.items() if name != ROW_ORDER} | {"dtype": dtype}
        if len(recipe["shape"]) == 2:
            record.setdefault("plane", "axial")
        if order := row_order(scans):
            record[ROW_ORDER] = order
        (scratch / "recipe.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        if intermediate is not None:
            intermediate.replace(scratch / "intermediate")
        _swap(scratch, folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return PreparedDataset.open(folder)


def _image_shape(recipe: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of one stored image, with channels where there are several."""
    channels = recipe.get(CHANNELS) or ["image"]
    return (*([len(channels)] if len(channels) > 1 else []), *recipe["shape"])


def check_replaceable(
    folder: Path,
    sources: Mapping[str, Path],
    recipe: Mapping[str, Any],
    dtype: str,
    overwrite: bool = False,
    *,
    labelled: bool = False,
) -> None:
    """Refuse to write a prepared dataset where something else would be lost.

    sources: the scans that are to be prepared, by their name in the column `source`. recipe: what `recipe.json` must
    agree with. labelled: whether the new dataset has segmentations. A dataset of the same recipe and type whose scans
    are all among the new ones may be replaced, which is told by their names and by the content of three of their files,
    if its table is as it was written, nothing else lies beside it and no segmentations are lost; any other only if
    `overwrite`.
    Raises InputError.
    """
    _refuse_what_is_not_prepared(folder)
    if not (folder / "recipe.json").is_file() or overwrite:
        return
    if why := _what_would_be_lost(folder, sources, {**recipe, "dtype": dtype}, labelled):
        raise InputError(f"{folder}: holds a prepared dataset {why}; choose another place, or give --overwrite")


def _refuse_what_is_not_prepared(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not (folder / "recipe.json").is_file():
        raise InputError(f"{folder}: exists and is not a prepared dataset; choose another place")


def _what_would_be_lost(folder: Path, sources: Mapping[str, Path], recipe: Mapping[str, Any], labelled: bool) -> str:
    try:
        old = parse_json((folder / "recipe.json").read_text(encoding="utf-8"))
        rows = read_scans(folder / "scans.tsv")
        files = dict(zip(rows["source"], rows["sha256"], strict=True))
        if any(old[name] != value for name, value in json.loads(json.dumps(recipe)).items() if name not in IMPLIED):
            return f"made in another way ({old['name']}, {old['dtype']})"
    except (OSError, ValueError, LookupError, TypeError, InputError):
        return "that cannot be read"
    if old.get(LABELS, BRAIN_ALONE) != BRAIN_ALONE and not labelled:
        return "with segmentations, which the new one would lack"
    if (folder / "scans.tsv").stat().st_mtime - (folder / "recipe.json").stat().st_mtime > EDITED_S:
        return "whose scans.tsv was changed since"
    if own := sorted(place.name for place in folder.iterdir() if place.name not in FILES and place.name[0] != "."):
        return f"with files of your own, such as {own[0]}"
    if gone := [name for name in files if name not in sources]:
        return f"with {len(gone)} of {counted(len(files), 'scan')} that are not among the new ones, such as {gone[0]}"
    names = list(files)
    for name in {names[0], names[len(names) // 2], names[-1]}:
        path = sources[name]
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != files[name]:
            return f"of other scans, such as another {name}"
    return ""


def _write_volumes(
    path: Path, volumes: Iterable[npt.NDArray[Any]], shape: tuple[int, ...], dtype: str, *, labels: bool = False
) -> None:
    """Write volumes one after the other. Plain writes, since a full disk under a memory map kills the process."""
    kind = np.dtype(dtype)
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    count = 0
    with path.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        for volume in volumes:
            if np.shape(volume) != shape[1:]:
                raise InputError(f"volume {count} has shape {np.shape(volume)}; the recipe gives {shape[1:]}")
            stored = np.rint(np.asarray(volume) * 255) if kind == np.uint8 and not labels else np.asarray(volume)
            out.write(np.ascontiguousarray(stored, dtype=kind).tobytes())
            count += 1
    if count != shape[0]:
        raise InputError(f"needs one volume for each of the {counted(shape[0], 'row')} of the table, got {count}")


def _swap(scratch: Path, folder: Path) -> None:
    """Put a whole folder in the place of an older one, which is removed only once the new one is there."""
    old = folder.with_name(f".{folder.name}.old")
    if not folder.exists():
        scratch.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
        return
    shutil.rmtree(old, ignore_errors=True)
    folder.replace(old)
    try:
        scratch.replace(folder)
    except BaseException:
        old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
