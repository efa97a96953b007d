"""The hash chain over answers: each event holds the hash of the one before, and the head is anchored outside.

hash_k = SHA-256(JSON of [hash_(k-1), sequence, presentation, question, revision, kind, value, ...]); hash_0 is the
protocol's hash, so that answers cannot be moved to another study. A chain alone does not notice a cut tail, so after
every commit its length and head are appended to `anchor.log` beside the database.
"""

import hashlib
import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIELDS = (
    "sequence",
    "presentation",
    "question",
    "revision",
    "kind",
    "value",
    "confidence",
    "idempotency_key",
    "shown_at",
    "received_at",
    "active_ms",
)
"""Columns of `answer_event` that the hash covers, in this order."""


@dataclass(frozen=True)
class Head:
    """Length and last hash of a chain."""

    count: int
    hash: str


def head(db: sqlite3.Connection) -> Head:
    """Return the present end of the chain."""
    row = db.execute("SELECT sequence, hash FROM answer_event ORDER BY sequence DESC LIMIT 1").fetchone()
    return Head(row["sequence"], row["hash"]) if row else Head(0, _genesis(db))


def append(db: sqlite3.Connection, event: dict[str, Any]) -> Head:
    """Add one event (every column of FIELDS but `sequence`) inside the caller's transaction."""
    last = head(db)
    event = {**event, "sequence": last.count + 1}
    event |= {"previous_hash": last.hash, "hash": event_hash(last.hash, event)}
    columns = ", ".join(event)
    db.execute(f"INSERT INTO answer_event ({columns}) VALUES ({', '.join(':' + name for name in event)})", event)
    return Head(event["sequence"], event["hash"])


def event_hash(previous: str, event: Any) -> str:
    """Return the hash of one event (a mapping with FIELDS) that follows `previous`."""
    content = [previous, *(event[name] for name in FIELDS)]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def anchor(path: Path, end: Head) -> None:
    """Append a line `count hash` to the log.

    The answer is committed already and the next line covers it too, so a log that cannot be written loses nothing.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            os.write(handle, f"{end.count} {end.hash}\n".encode())
        finally:
            os.close(handle)
    except OSError:
        return


def problems(db: sqlite3.Connection, anchor_path: Path) -> list[str]:
    """Return what is wrong with the chain, first fault only, and with its anchors; empty when whole."""
    hashes = [_genesis(db)]
    for row in db.execute("SELECT * FROM answer_event ORDER BY sequence"):
        if row["sequence"] != len(hashes):
            return [f"answer {len(hashes)} is missing"]
        if row["previous_hash"] != hashes[-1] or row["hash"] != event_hash(hashes[-1], row):
            return [f"answer {row['sequence']} was changed after it was given"]
        hashes.append(row["hash"])
    if not anchor_path.is_file():
        return ["the anchor log is missing"] if len(hashes) > 1 else []
    anchored = {}
    for line in anchor_path.read_text(errors="replace").splitlines():
        count, _, value = line.partition(" ")
        if count.isdigit() and len(value) == 64:  # else a line cut short by a full disk or a crash
            anchored[int(count)] = value
    if anchored and max(anchored) >= len(hashes):
        return [f"{max(anchored)} answers were anchored but {len(hashes) - 1} are here: the end was cut off"]
    if changed := [count for count in sorted(anchored) if anchored[count] != hashes[count]]:
        return [f"answer {changed[0]} is not the one that was anchored: the chain was rewritten"]
    return []


def _genesis(db: sqlite3.Connection) -> str:
    return db.execute("SELECT protocol_sha256 FROM study").fetchone()[0] or ""
