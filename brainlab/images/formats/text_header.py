"""Headers that are text: their fields, and the file of voxels that they name.

Only a file beside the header is read, so that no header can ask for others.
"""

from collections.abc import Mapping
from pathlib import Path

from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image


def voxel_file(header: Path, name: str) -> Path:
    """Return the file in the header's folder that it names. Raises UnreadableScanError for a path, address or list."""
    if not name or "%" in name or name.split()[0] == "LIST":
        raise UnreadableScanError(f"needs one file of voxels, got a list or pattern ({name!r}); join the slices to one")
    if set(name) & set("/\\:\0") or name in (".", ".."):
        raise UnreadableScanError(f"names voxels elsewhere ({name!r}); put them beside it and name the file alone")
    place = header.with_name(name)
    if place == header:
        raise UnreadableScanError("names itself as the file of its voxels; name the file that holds them")
    if not place.is_file() and not place.is_symlink():
        raise UnreadableScanError(f"a header whose voxels are missing; put {name} beside it")
    start_of_image(place)
    return place


def text(raw: bytes) -> str:
    """Return a header's bytes as text; other bytes than ASCII stand in comments and names only."""
    return raw.decode("utf-8", "replace")


def needed(fields: Mapping[str, str], name: str) -> str:
    """Return a field. Raises UnreadableScanError where there is none."""
    if name not in fields:
        raise UnreadableScanError(f"needs '{name}' in the header, got none; the file is damaged")
    return fields[name]


def numbers(field: str, words: str, count: int | None = None) -> list[float]:
    """Return the numbers of a field. Raises UnreadableScanError where a word is none or some are missing."""
    try:
        values = [float(word) for word in words.split()]
    except ValueError:
        values = []
    if not values or (count is not None and len(values) != count):
        wanted = "numbers" if count is None else f"{count} numbers"
        raise UnreadableScanError(
            f"needs {wanted} for '{field}' in the header, got {words[:60]!r}; the file is damaged"
        )
    return values


def whole_numbers(field: str, words: str) -> list[int]:
    """Return the whole numbers of a field, as `numbers` does."""
    values = numbers(field, words)
    if any(not value.is_integer() for value in values):
        raise UnreadableScanError(f"needs whole numbers for '{field}' in the header, got {words[:60]!r}")
    return [int(value) for value in values]
