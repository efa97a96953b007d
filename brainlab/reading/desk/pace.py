"""How a reading goes on while the study is blind: when, how fast, with what rests; never an answer or a score."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from brainlab.reading.record.store import Store
from brainlab.reading.room.reader_position import LEASE_S

FEW = 5
"""Cases that a reader must have answered before a typical time is told: of fewer, it would be that of a case."""


@dataclass(frozen=True)
class Pace:
    """One reading of one reader.

    done, total: cases, hidden repeats included. last_seen: UTC, ISO 8601; None before the first visit. open_now:
    whether a tab that may answer is open. seconds_per_case: median over the cases of the study itself, with the page in
    front; None for fewer than FEW. breaks: rests at the break screen, pauses: those by key. left_s: at that pace, rests
    left out; None where it cannot be said or nothing is left.
    """

    reader: str
    round: int
    done: int
    total: int
    last_seen: str | None
    open_now: bool
    seconds_per_case: float | None
    breaks: int
    pauses: int
    left_s: float | None


def study_pace(folder: Path) -> tuple[Pace, ...]:
    """Return the pace of every reading of a locked or closed study, in the order of `desk.study_status`."""
    with Store(folder).read() as db:
        locked = db.execute("SELECT state FROM study").fetchone()[0] == "locked"
        return tuple(_pace(db, row, locked) for row in db.execute(_READINGS).fetchall())


def _pace(db: sqlite3.Connection, row: sqlite3.Row, locked: bool) -> Pace:
    times = [one[0] / 1000 for one in db.execute(_TIMES, (row["id"],))]
    typical = median(times) if len(times) >= FEW else None
    left = row["total"] - row["done"]
    seen = [row["last_event"]]
    if row["expires_at"]:
        renewed = datetime.fromisoformat(row["expires_at"]) - timedelta(seconds=LEASE_S)
        seen.append(renewed.isoformat(timespec="milliseconds"))
    return Pace(
        reader=row["reader"],
        round=row["round"],
        done=row["done"],
        total=row["total"],
        last_seen=max(filter(None, seen), default=None),
        open_now=locked and bool(row["expires_at"]) and datetime.fromisoformat(row["expires_at"]) > datetime.now(UTC),
        seconds_per_case=None if typical is None else round(typical, 1),
        breaks=row["breaks"],
        pauses=row["pauses"],
        left_s=round(typical * left) if locked and typical is not None and left else None,
    )


_READINGS = """
SELECT reading.id, reading.reader, reading.round, lease.expires_at,
    (SELECT count(*) FROM completed WHERE reading = reading.id AND phase <> 'practice') AS done,
    (SELECT count(*) FROM presentation WHERE reading = reading.id AND phase <> 'practice') AS total,
    (SELECT max(at) FROM session_event WHERE reading = reading.id) AS last_event,
    (SELECT count(*) FROM session_event WHERE reading = reading.id AND kind = 'break_done') AS breaks,
    (SELECT count(*) FROM session_event WHERE reading = reading.id AND kind = 'paused') AS pauses
FROM reading JOIN reader ON reader.code = reading.reader LEFT JOIN lease ON lease.reading = reading.id
ORDER BY reading.round, reader.rowid
"""

_TIMES = """
SELECT answer.active_ms FROM answer JOIN presentation ON presentation.id = answer.presentation
    JOIN question ON question.key = answer.question
WHERE presentation.reading = ? AND presentation.phase <> 'practice' AND question.position = 0
    AND answer.active_ms IS NOT NULL
"""
