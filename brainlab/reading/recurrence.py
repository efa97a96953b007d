"""Images that were sealed in more than one study: whoever compares the studies learns something of them."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from brainlab.errors import BrainlabError
from brainlab.reading.store import Store
from brainlab.types import UInt8Array


def recurring_images(folder: Path, images: Sequence[UInt8Array]) -> list[dict[str, Any]]:
    """Count the images that were sealed in other studies beside this one too: their ids, how many of this one's.

    No run draws an image twice, so whoever compares two studies knows what recurs: it is a scan, or a file of a folder.
    """
    own = [_pixels_sha256(image.tobytes()) for image in images]
    found = []
    for path in sorted(folder.parent.glob("[!.]*/study.db")):
        if path.parent != folder:
            with suppress(BrainlabError), Store(path.parent).read() as db:
                known = _sealed_hashes(db)
                if count := sum(one in known for one in own):
                    found.append({"study": path.parent.name, "images": count})
    return found


def _sealed_hashes(db: sqlite3.Connection) -> set[str]:
    """Hashes of all single images of a study; of a pair, of each of the two."""
    protocol = json.loads(db.execute("SELECT protocol_json FROM study").fetchone()[0])
    if protocol["questions"][0]["kind"] != "pair":
        return {row[0] for row in db.execute("SELECT pixel_sha256 FROM stimulus")}
    pairs = [row[0] for row in db.execute("SELECT pixels FROM stimulus")]
    return {_pixels_sha256(half) for pair in pairs for half in (pair[: len(pair) // 2], pair[len(pair) // 2 :])}


def _pixels_sha256(pixels: bytes) -> str:
    return hashlib.sha256(pixels).hexdigest()
