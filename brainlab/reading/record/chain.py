"""The hash chain over answers: each event holds the hash of the one before, and the head is anchored outside.

hash_k = SHA-256(JSON of [hash_(k-1), sequence, presentation, question, revision, kind, value, ...]); hash_0 is the
protocol's hash, so that answers cannot be moved to another study. A chain alone does not notice a cut tail, so after
every commit its length and head are appended to `anchor.log` beside the database. The log's first line, written at
lock, does the same for what readers are shown: questions, images and every reader's order.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainlab.counted import counted, noun

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

SEALED = (
    "SELECT id, seed, created_at, protocol_sha256, truth_sha256, checks_json FROM study",
    "SELECT key, position, kind, text, options_json, required FROM question ORDER BY position",
    "SELECT id, kind, shape_json, pixel_sha256 FROM stimulus ORDER BY id",
    "SELECT stimulus, text FROM feedback ORDER BY stimulus",
    "SELECT id, reader, round FROM reading ORDER BY id",
    "SELECT id, reading, position, stimulus, occurrence, phase FROM presentation ORDER BY id",
)
"""What is fixed at lock. Columns are named, so that a later schema may add some."""

ARRANGED = "SELECT id, arrangement FROM presentation WHERE arrangement IS NOT NULL ORDER BY id"
"""Fixed at lock too. A study that was locked before there were arrangements has no such row, and keeps its hash."""


@dataclass(frozen=True)
class Head:
    """Length and last hash of a chain."""

    count: int
    hash: str


def head(db: sqlite3.Connection) -> Head:
    """Return the present end of the chain."""
    row = db.execute("SELECT sequence, hash FROM answer_event ORDER BY sequence DESC LIMIT 1").fetchone()
    return Head(row["sequence"], row["hash"]) if row else Head(0, _genesis(db))


def append(db: sqlite3.Connection, events: Iterable[dict[str, Any]]) -> Head:
    """Add events (every column of FIELDS but `sequence`) inside the caller's transaction; returns the chain's end."""
    last = head(db)
    for given in events:
        event = {**given, "sequence": last.count + 1}
        event |= {"previous_hash": last.hash, "hash": event_hash(last.hash, event)}
        columns = ", ".join(event)
        values = ", ".join(f":{name}" for name in event)
        db.execute(f"INSERT INTO answer_event ({columns}) VALUES ({values})", event)  # noqa: S608 (names of our own)
        last = Head(event["sequence"], event["hash"])
    return last


def event_hash(previous: str, event: Any) -> str:
    """Return the hash of one event (a mapping with FIELDS) that follows `previous`."""
    content = [previous, *(event[name] for name in FIELDS)]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def anchor(path: Path, end: Head) -> None:
    """Append a line `count hash` to the log.

    The answer is committed already and the next line covers it too, so a log that cannot be written loses nothing;
    `verify` tells how many answers wait for their anchor.
    """
    _append_line(path, f"{end.count} {end.hash}")


def anchor_seal(db: sqlite3.Connection, path: Path) -> None:
    """Append a line `sealed hash` to the log, at lock."""
    _append_line(path, f"sealed {_sealed_hash(db)}")


def problems(db: sqlite3.Connection, anchor_path: Path) -> list[str]:
    """Return what is wrong with what was sealed, and with the chain and its anchors, first fault only."""
    return [*_sealed_problems(db, anchor_path), *_chain_problems(db, anchor_path)]


def _sealed_problems(db: sqlite3.Connection, anchor_path: Path) -> list[str]:
    sealed = _read_anchors(anchor_path)[1]
    if sealed and sealed != _sealed_hash(db):
        return ["questions, images or a reader's order are not those that were sealed at lock"]
    return []


def _chain_problems(db: sqlite3.Connection, anchor_path: Path) -> list[str]:
    hashes = [_genesis(db)]
    for row in db.execute("SELECT * FROM answer_event ORDER BY sequence"):
        if row["sequence"] != len(hashes):
            return [f"answer {len(hashes)} is missing"]
        if row["previous_hash"] != hashes[-1] or row["hash"] != event_hash(hashes[-1], row):
            return [f"answer {row['sequence']} was changed after it was given"]
        hashes.append(row["hash"])
    if not anchor_path.is_file():
        return ["the anchor log is missing"] if len(hashes) > 1 else []
    anchored = _read_anchors(anchor_path)[0]
    if anchored and max(anchored) >= len(hashes):
        count, here = max(anchored), len(hashes) - 1
        return [
            f"{counted(count, 'answer')} {noun(count, 'was', 'were')} anchored but {here} "
            f"{noun(here, 'is', 'are')} here: the end was cut off"
        ]
    if changed := [count for count in sorted(anchored) if anchored[count] != hashes[count]]:
        return [f"answer {changed[0]} is not the one that was anchored: the chain was rewritten"]
    return []


def unanchored(db: sqlite3.Connection, anchor_path: Path) -> int:
    """Count the last answers that no anchor covers: whether they were cut off nobody could tell."""
    anchored = _read_anchors(anchor_path)[0]
    return max(0, head(db).count - max(anchored, default=0))


def _append_line(path: Path, line: str) -> None:
    """Write one line with one call. A line that a crash or a full disk cut short is ended first, not continued."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, f"{chr(10) * torn}{line}\n".encode())
        finally:
            os.close(handle)
    except OSError:
        return


def _read_anchors(path: Path) -> tuple[dict[int, str], str | None]:
    """Return the log's hashes by count, and that of what was sealed. Torn lines tell nothing, nor does no log."""
    anchored: dict[int, str] = {}
    sealed = None
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        count, _, value = line.partition(" ")
        if len(value) != 64:
            continue
        if count == "sealed":
            sealed = value
        elif count.isdigit():
            anchored[int(count)] = value
    return anchored, sealed


def _sealed_hash(db: sqlite3.Connection) -> str:
    content = [[list(row) for row in db.execute(query)] for query in SEALED]
    if orders := [list(row) for row in db.execute(ARRANGED)]:
        content.append(orders)
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _genesis(db: sqlite3.Connection) -> str:
    return db.execute("SELECT protocol_sha256 FROM study").fetchone()[0] or ""
