"""Values of a DICOM header as numbers and words, None where they are missing or make no sense."""

import math
import struct
from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import Tag


def value(header: Dataset, name: str | tuple[int, int]) -> Any:
    """Return what a tag holds; None where it is missing, empty, or written as its type does not allow."""
    try:
        found = header.get(name) if isinstance(name, str) else header[Tag(name)].value
    except Exception:  # pydicom converts when asked, and raises many kinds
        return None
    return None if found is None or (hasattr(found, "__len__") and not len(found)) else found


def numbers(header: Dataset, name: str | tuple[int, int]) -> tuple[float, ...]:
    """Return the finite numbers of a tag, none of it where one is not."""
    found = value(header, name)
    if isinstance(found, bytes):  # a private tag of an implicit file: text, or doubles
        found = _of_bytes(found)
    parts = found if isinstance(found, list | tuple) or _is_multiple(found) else [] if found is None else [found]
    try:
        read = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        return ()
    return read if all(map(math.isfinite, read)) else ()


def number(header: Dataset, name: str | tuple[int, int]) -> float | None:
    """Return the first number of a tag."""
    return next(iter(numbers(header, name)), None)


def words(header: Dataset, name: str) -> tuple[str, ...]:
    """Return the coded words of a tag in upper case."""
    found = value(header, name)
    parts = [found] if isinstance(found, str) else found if _is_multiple(found) else []
    return tuple(str(part).strip().upper() for part in parts)


def text(header: Dataset, name: str) -> str:
    """Return the text of a tag, empty where there is none."""
    found = value(header, name)
    parts = list(found) if _is_multiple(found) else [found]
    return " ".join(" ".join(str(part) for part in parts if part is not None).replace("\0", " ").split())


def item(header: Dataset, name: str) -> Dataset:
    """Return the first item of a sequence, an empty one where there is none."""
    found = value(header, name)
    try:
        return found[0] if found is not None and isinstance(found[0], Dataset) else Dataset()
    except (TypeError, IndexError, KeyError):
        return Dataset()


def groups_of(header: Dataset, own: Dataset) -> Callable[[str], Dataset]:
    """Return what finds a functional group by its name: the frame's, else the shared one, else the file itself.

    own: the functional groups of the frame, empty where the file has none of frames (DICOM PS3.3, C.7.6.16).
    """
    shared = item(header, "SharedFunctionalGroupsSequence")

    def group(name: str) -> Dataset:
        return next((item(holder, name) for holder in (own, shared) if name in holder), header)

    return group


def _is_multiple(found: Any) -> bool:
    return hasattr(found, "__iter__") and not isinstance(found, str | bytes) and type(found).__name__ != "PersonName"


def _of_bytes(raw: bytes) -> list[Any] | str:
    try:
        text = raw.decode("ascii").strip(" \0")
        return text.split("\\")
    except UnicodeDecodeError:
        return list(struct.unpack(f"<{len(raw) // 8}d", raw)) if len(raw) % 8 == 0 else ""
