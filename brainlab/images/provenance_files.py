"""Provenance in files: written into NIfTI, PNG and GIF, and read from these and from the JSON beside.

NIfTI has a sentence in `descrip` and the record in a header extension of code 6, comment; PNG has both as text chunks,
`Description` and `Brainlab`; GIF has the record as its comment. Every reader of these formats passes over what it does
not know.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import nibabel as nib
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from brainlab.errors import UnreadableScanError
from brainlab.files.whole import write_whole
from brainlab.images.formats.nifti import COMMENT, read_comments
from brainlab.images.provenance import KEY, NOT_REAL, Provenance, of_text, statement_of, to_object, to_text

DESCRIPTION_BYTES = 79
"""Of `descrip`, with the end mark that some readers want."""
LARGEST_SIDECAR = 1 << 20
"""Bytes; a JSON file above is no sidecar of one image."""


def mark_header(header: Any, provenance: Sequence[Provenance]) -> None:
    """Put what is known of an image into a NIfTI header that has no extensions yet; nothing where nothing is known."""
    if provenance:
        header["descrip"] = statement_of(provenance).encode()[:DESCRIPTION_BYTES]
        header.extensions.append(nib.nifti1.Nifti1Extension(COMMENT, to_text(provenance).encode()))


def save_png(picture: Image.Image, target: Path | IO[bytes], provenance: Sequence[Provenance], **options: Any) -> None:
    """Write a picture as PNG that says where its images come from. options: of Pillow."""
    text = PngInfo()
    text.add_text("Description", statement_of(provenance))
    text.add_text("Software", f"brainlab {provenance[0].version}")
    text.add_text(KEY, to_text(provenance))
    picture.save(target, format="PNG", pnginfo=text, **options)


def gif_bytes(frames: Sequence[Image.Image], provenance: Sequence[Provenance], frame_ms: int) -> bytes:
    """Return frames as a GIF without end that says where its images come from."""
    out = io.BytesIO()
    frames[0].save(
        out, format="GIF", save_all=True, append_images=frames[1:], duration=frame_ms, loop=0,
        comment=to_text(provenance).encode(),
    )  # fmt: skip
    return out.getvalue()


def sidecar_path(path: Path) -> Path:
    """Return the path of the JSON beside an image, named as BIDS has it: `a.json` of `a.nii.gz`."""
    return path.with_name(path.name.removesuffix(".gz")).with_suffix(".json")


def write_sidecar(path: Path, provenance: Sequence[Provenance]) -> None:
    """Write the JSON beside an image, whole or not at all."""
    write_whole(sidecar_path(path), json_lines(provenance))


def json_lines(provenance: Sequence[Provenance]) -> str:
    """Return the JSON of a file as people read it, a value a line."""
    return json.dumps(to_object(provenance), indent=2, allow_nan=False) + "\n"


def read_provenance(path: Path) -> tuple[Provenance, ...]:
    """Return what a file says of its images, else what the JSON beside it says; empty where neither says anything.

    Raises UnreadableScanError, `path: reason`, where there is no such file or it is neither NIfTI nor a picture.
    """
    return _inside(path) or _beside(path)


def origin_of(path: Path) -> Provenance:
    """Return what a file says of its image, or that it was given, where it says nothing.

    Of several images in one file the first that is no real scan counts: what is shown beside it is no scan either. A
    file that cannot be read says nothing here; whoever reads it says what is wrong with it.
    """
    try:
        said = read_provenance(path)
    except UnreadableScanError:
        said = _beside(path)  # of a kind that says nothing itself, such as an array
    found = next((one for one in said if one.kind in NOT_REAL), said[0] if said else Provenance(kind="prepared"))
    # It is passed on to other files; what somebody else wrote into the settings is not.
    return Provenance(kind=found.kind, run=found.run, seed=found.seed, draw=found.draw)


def _inside(path: Path) -> tuple[Provenance, ...]:
    try:
        with Image.open(path) as picture:
            texts = [picture.info.get(KEY), picture.info.get("comment")]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # no picture, in Pillow's many ways
        try:
            texts = list(read_comments(path))
        except UnreadableScanError as error:
            raise UnreadableScanError(error.reason, path) from error
    plain = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts)
    return next(filter(None, (of_text(text) for text in plain if isinstance(text, str))), ())


def _beside(path: Path) -> tuple[Provenance, ...]:
    beside = sidecar_path(path)
    try:
        if beside.stat().st_size > LARGEST_SIDECAR:
            return ()
        return of_text(beside.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return ()
