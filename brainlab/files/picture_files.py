"""Read picture files as grey levels: PNG, JPEG and TIFF, of 8 or 16 bits, with one page or many."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image
from brainlab.types import Float32Array

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Modes of Pillow for more than 8 bits, whose white no file tells."""
WHITE, DEEP_WHITE = 255.0, 65535.0
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
"""The tag by which a TIFF says whether its highest or its lowest level is white."""
COLOURED, MOST_COLOURED = 32, 1e-3
"""By how many of 255 levels red, green and blue must differ for a pixel to be coloured, and the share of such pixels
that a grey image may have: compression brings about fewer."""
WHITE_PERCENT = 99.5
"""Single pixels far brighter than all others, as of a vessel or an artefact, must not make a picture dark."""
LEAST_SIDE = 16
"""Pixels; less is no slice of a head."""
MOST_PIXELS = 1 << 27
"""Of all pages together, half a gigabyte of grey levels; a few bytes of a compressed file can claim any number."""


@dataclass(frozen=True)
class Pictures:
    """pages: grey levels [rows, columns] each, as stored. deep: whether these have no white of their own, as 8 bits
    have. notes: what was done to them, one line each. format: of the file, such as `PNG`. white: highest level that
    the pixels can hold, None of those with a decimal point."""

    pages: list[Float32Array]
    deep: bool
    notes: tuple[str, ...]
    format: str = ""
    white: float | None = WHITE

    @property
    def darkest_and_brightest(self) -> tuple[float, float]:
        """The lowest level, and the one that `WHITE_PERCENT` of the pixels do not exceed."""
        levels = np.concatenate([page.ravel() for page in self.pages])
        return float(levels.min()), float(np.percentile(levels, WHITE_PERCENT))


def why_unreadable(error: Exception, path: Path) -> str:
    """Return Pillow's reason for refusing a file on one line, without the path, which whoever shows it names."""
    if isinstance(error, UnidentifiedImageError):
        return "it is in no format of pictures"
    return " ".join(str(error).split()).replace(str(path), path.name)[:200] or type(error).__name__


def read_pictures(path: Path) -> Pictures:
    """Read a picture, or all pages of a TIFF, turned as the camera or scanner says that it is looked at.

    Transparent parts become black; coloured pictures whose channels are alike become grey, with a note.
    Raises UnreadableScanError for what cannot be read, for pictures that are coloured, and for more pixels than
    MOST_PIXELS, before memory is taken for them.
    """
    notes: dict[str, None] = {}
    try:
        start_of_image(path)
        with _opened(path) as file:
            format_, mode = file.format or "", file.mode
            pages = [_grey(page, white_is_zero, notes) for page, white_is_zero in _pages(file)]
    except UnreadableScanError as error:
        raise UnreadableScanError(error.reason, path) from error
    # Pillow raises SyntaxError, struct.error and others for damaged files, by format
    except Exception as error:
        raise UnreadableScanError(f"cannot be read as a picture ({why_unreadable(error, path)})", path) from error
    if small := [page.shape for page in pages if min(page.shape) < LEAST_SIDE]:
        size = "x".join(map(str, small[0]))
        raise UnreadableScanError(f"needs at least {LEAST_SIDE} pixels a side, got {size}", path)
    if not all(np.isfinite(page).all() for page in pages):
        raise UnreadableScanError("holds values that are no numbers (NaN or infinite)", path)
    white = None if mode == "F" else DEEP_WHITE if mode in DEEP_MODES else WHITE
    return Pictures(pages, mode in DEEP_MODES, tuple(notes), format_, white)


def check_picture(path: Path) -> None:
    """Raise UnreadableScanError, with the reason alone, for a file that is no picture by its header."""
    try:
        with _opened(path):
            pass
    except Exception as error:  # as in `read_pictures`
        raise UnreadableScanError(f"cannot be read as a picture ({why_unreadable(error, path)})") from error


def count_pages(path: Path) -> int:
    """Return how many pictures a file holds; 1 for one that cannot be read, which `read_pictures` says."""
    try:
        with _opened(path) as file:
            return _page_count(file)
    except Exception:  # said when it is read
        return 1


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture without its pixels. What Pillow warns of, too many pixels or damaged tags, is refused or of no
    account."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as file:
            yield file


def _page_count(file: Image.Image) -> int:
    """Return the number of pages of a TIFF, 1 for another format, of whose animations the first frame counts."""
    return int(getattr(file, "n_frames", 1)) if file.format == "TIFF" else 1


def is_deep(path: Path) -> bool:
    """Whether a file has more than 8 bits a pixel, told by its header alone; False for one that cannot be read."""
    try:
        with _opened(path) as file:
            return file.mode in DEEP_MODES
    except Exception:  # said when it is prepared
        return False


def _pages(file: Image.Image) -> Iterator[tuple[Image.Image, bool]]:
    """Return the pages of a TIFF, or the first frame of an animation in another format, and whether 0 is white there.

    Pillow turns the latter round only where there are 8 bits or fewer.
    """
    pixels = 0
    for number in range(_page_count(file)):
        file.seek(number)
        pixels += file.width * file.height
        if pixels > MOST_PIXELS:
            where = f" on page {number}" if number else ""
            raise UnreadableScanError(
                f"claims {file.width} x {file.height} pixels{where}, more than slices have; save it in parts"
            )
        white_is_zero = isinstance(file, TiffImageFile) and file.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO
        yield ImageOps.exif_transpose(file), white_is_zero


def _grey(page: Image.Image, white_is_zero: bool, notes: dict[str, None]) -> Float32Array:
    """Return the grey levels of one page, brighter ones higher."""
    if page.mode in DEEP_MODES:
        levels = np.asarray(page, dtype=np.float32)
        return DEEP_WHITE - levels if white_is_zero else levels
    if page.mode in ("1", "L"):
        return np.asarray(page.convert("L"), dtype=np.float32)
    pixels = np.asarray(page.convert("RGBA"), dtype=np.float32)
    colours, opaque = pixels[..., :3], pixels[..., 3:] / np.float32(WHITE)
    if (opaque < 1).any():
        notes["transparent parts taken as black"] = None
        colours = colours * opaque
    if page.mode not in ("LA", "La", "P", "PA"):
        notes["colour image without colours: turned to grey"] = None
    return grey_of_colours(colours, WHITE)


def grey_of_colours(colours: Float32Array, white: float) -> Float32Array:
    """Return the grey levels of pixels [..., 3 or 4] whose channels are alike; the fourth, opacity, is left out.

    white: highest level. Raises UnreadableScanError, with the reason alone, where the channels differ.
    """
    channels = colours[..., :3]
    share = float(np.mean(np.ptp(channels, axis=-1) > COLOURED / WHITE * white))
    if share > MOST_COLOURED:
        raise UnreadableScanError(f"{share:.1%} of its pixels are coloured: needs the grey levels of a slice")
    return channels.mean(axis=-1, dtype=np.float32)
