"""Write pictures as other people's files are: of many formats, sizes, ranges and margins, with metadata that tells."""

import locale
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from brainlab.images.grid import upright
from brainlab.images.pictures import to_bytes
from brainlab.images.volume import Volume
from brainlab.types import Float32Array

KINDS = ("png", "jpg", "tif", "tif-float", "npy", "npz", "dcm", "dcm-monochrome1", "nii.gz", "png-16")
TELLTALE = "GiveAwayNetwork"
"""What the metadata of every file that can have any says; nothing of it may reach a reader."""
DICOM_SLOPE, DICOM_INTERCEPT, DICOM_WHITE = 2.0, -100.0, 3000.0
SIDES, MARGINS = (180, 160, 256, 200), (0.0, 0.08, 0.15)


def write_foreign(folder: Path, pictures: Float32Array, kinds: tuple[str, ...] = KINDS, quality: int = 90) -> None:
    """Write pictures [n, rows, columns] in [0, 1], each of the next kind, size and margin of those above."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        margin = round(MARGINS[number % len(MARGINS)] * picture.shape[0])
        side = SIDES[number % len(SIDES)]
        wider = Image.fromarray(np.pad(picture, margin).astype(np.float32))
        sized = np.asarray(wider.resize((side, round(side * picture.shape[0] / picture.shape[1])), Image.BICUBIC))
        write_picture(folder / f"{number:04d}", np.clip(sized, 0, 1), kinds[number % len(kinds)], quality)


def write_picture(stem: Path, picture: Float32Array, kind: str, quality: int = 90) -> Path:
    """Write one picture [rows, columns] in [0, 1] as a file of a kind, and return its path."""
    path = stem.with_suffix("." + kind.split("-")[0])
    if kind == "jpg":
        exif = Image.Exif()
        exif[0x010E] = TELLTALE  # image description
        Image.fromarray(to_bytes(picture)).save(path, quality=quality, exif=exif, comment=TELLTALE.encode())
    elif kind in ("png", "png-16"):
        text = PngInfo()
        text.add_text("Software", TELLTALE)
        levels = np.rint(picture * 65535).astype(np.uint16) if kind == "png-16" else to_bytes(picture)
        Image.fromarray(levels).save(path, pnginfo=text)
    elif kind in ("tif", "tif-float"):
        levels = (
            picture.astype(np.float32) * 7 - 2 if kind == "tif-float" else np.rint(picture * 4095).astype(np.uint16)
        )
        Image.fromarray(levels).save(path, description=TELLTALE)
    elif kind == "npy":
        np.save(path, picture.astype(np.float64) * 1300)
    elif kind == "npz":
        np.savez_compressed(path, **{TELLTALE: to_bytes(picture)})
    elif kind == "nii.gz":
        Volume(upright(picture)[..., None], np.diag([1.0, 1.0, 4.0, 1.0])).save(path)
    else:
        _write_dicom(path, picture, kind == "dcm-monochrome1")
    return path


def _write_dicom(path: Path, picture: Float32Array, inverted: bool) -> None:
    """Write an axial slice: with rescale slope, intercept and a window that shows it as it is, or without.

    inverted: without, as MONOCHROME1, whose lowest values are white.
    """
    import SimpleITK as sitk

    steps = np.rint(picture / DICOM_SLOPE * DICOM_WHITE)
    values = np.uint16(65535) - steps.astype(np.uint16) if inverted else DICOM_INTERCEPT + DICOM_SLOPE * steps
    image = sitk.GetImageFromArray(values.astype(np.uint16 if inverted else np.int16)[None])
    tags = {"0008|0060": "MR", "0010|0010": TELLTALE, "0020|0032": "0\\0\\0", "0020|0037": "1\\0\\0\\0\\1\\0"}
    if not inverted:  # centre and width of the window (PS3.3, C.11.2.1.2), then intercept and slope
        width = DICOM_WHITE + 1
        numbers = DICOM_INTERCEPT + 0.5 + DICOM_WHITE / 2, width, DICOM_INTERCEPT, DICOM_SLOPE
        tags |= {f"0028|105{place}": f"{number:g}" for place, number in enumerate(numbers)}
    for tag, text in tags.items():
        image.SetMetaData(tag, text)
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(path))
    kept = locale.setlocale(locale.LC_ALL)
    writer.Execute(image)
    locale.setlocale(locale.LC_ALL, kept)  # whoever writes DICOM through ITK is left in the locale C
    if inverted:
        path.write_bytes(path.read_bytes().replace(b"MONOCHROME2", b"MONOCHROME1"))
