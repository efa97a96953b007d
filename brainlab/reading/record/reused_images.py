"""Images that were sealed in more than one study: whoever compares the studies learns something of them."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from brainlab.errors import BrainlabError
from brainlab.reading.record.arrangement import images_in
from brainlab.reading.record.store import Store
from brainlab.types import UInt8Array


def sealed_beside(folder: Path) -> dict[str, set[str]]:
    """Return the hashes of all images that were sealed in the other studies beside this one, by the studies' ids."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.parent.glob("[!.]*/study.db")):
        if path.parent != folder:
            with suppress(BrainlabError), Store(path.parent).read() as db:
                found[path.parent.name] = _sealed_hashes(db)
    return found


def recurring_images(images: Sequence[UInt8Array], beside: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Count the images that another study shows too: its id, how many.

    No run draws an image twice, so whoever compares two studies knows what recurs: it is a scan, or a file of a folder.
    """
    own = [image_sha256(image) for image in images]
    counts = {study: sum(one in known for one in own) for study, known in beside.items()}
    return [{"study": study, "images": count} for study, count in counts.items() if count]


def image_sha256(image: UInt8Array) -> str:
    """Return the hash under which a study keeps an image's pixels."""
    return _pixels_sha256(image.tobytes())


def _sealed_hashes(db: sqlite3.Connection) -> set[str]:
    """Hashes of all single images of a study; of a case with several, of each."""
    shape = db.execute("SELECT shape_json FROM stimulus LIMIT 1").fetchone()
    images = images_in(shape[0]) if shape else 1
    if images == 1:
        return {row[0] for row in db.execute("SELECT pixel_sha256 FROM stimulus")}
    found: set[str] = set()
    for (pixels,) in db.execute("SELECT pixels FROM stimulus"):
        size = len(pixels) // images
        found |= {_pixels_sha256(pixels[start : start + size]) for start in range(0, len(pixels), size)}
    return found


def _pixels_sha256(pixels: bytes) -> str:
    return hashlib.sha256(pixels).hexdigest()
