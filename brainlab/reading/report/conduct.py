"""How a study was conducted, from its own record: dates, displays, pauses, second tabs, missing answers."""

import json
import math
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from brainlab.reading.record.store import Store

DISPLAY = ("sees_all_greys", "width", "height", "pixel_ratio", "screen_width", "screen_height")
"""What is kept of a display check. The browser's own name is left out: it may tell who a reader is."""


def study_conduct(folder: Path) -> dict[str, Any]:
    """Return what the record says of how a study went, ready for JSON; never an answer.

    Keys: `history` (changes of state), `checks` (blinding checks at lock), `protocol_sha256`, `withdrawn` (number of
    readers who withdrew and are left out), `arranged` (whether several images of a case were shown in an order drawn
    for each presentation) and `readings`: one entry a reader and round with `reader`, `round`,
    `started_at`, `finished_at`, `total` and `missing` (main cases), `pauses`, `takeovers`, `sessions` (tabs), `undone`
    (answers taken back), `days_since_last` (from the end of the round before; None for a first) and `display`.
    """
    with Store(folder).read() as db:
        study = db.execute("SELECT protocol_sha256, checks_json FROM study").fetchone()
        readings = [_reading(db, row) for row in db.execute(_READINGS).fetchall()]
        arranged = db.execute("SELECT 1 FROM presentation WHERE arrangement IS NOT NULL LIMIT 1").fetchone() is not None
        withdrawn = db.execute("SELECT count(*) FROM reader WHERE withdrawn_at IS NOT NULL").fetchone()[0]
        history = [dict(row) for row in db.execute("SELECT state, at, actor, note FROM state_change ORDER BY sequence")]
    finished = {(r["reader"], r["round"]): r["finished_at"] for r in readings}
    for reading in readings:
        before = finished.get((reading["reader"], reading["round"] - 1))
        reading["days_since_last"] = _days(before, reading["started_at"])
    return {
        "history": history,
        "checks": json.loads(study["checks_json"] or "{}"),
        "protocol_sha256": study["protocol_sha256"],
        "withdrawn": withdrawn,
        "arranged": arranged,
        "readings": readings,
    }


def _reading(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    events = db.execute("SELECT * FROM session_event WHERE reading = ? ORDER BY sequence", (row["id"],)).fetchall()
    kinds = [event["kind"] for event in events]
    checks = [json.loads(event["detail_json"]) for event in events if event["kind"] == "display_checked"]
    return {
        "reader": row["reader"],
        "round": row["round"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "total": row["total"],
        "missing": row["total"] - row["answered"],
        "pauses": kinds.count("paused"),
        "takeovers": kinds.count("lease_taken"),
        "sessions": len({event["tab_token"] for event in events}),
        "undone": row["undone"],
        "display": [{key: _number(check.get(key)) for key in DISPLAY} for check in checks],
    }


def _number(value: Any) -> float | None:
    """Return a number or a yes as it is; a browser may send anything, which is left out."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _days(earlier: str | None, later: str | None) -> float | None:
    if earlier is None or later is None:
        return None
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 86_400


_READINGS = """
SELECT reading.*,
    (SELECT count(*) FROM presentation WHERE reading = reading.id AND phase = 'main') AS total,
    (SELECT count(*) FROM presentation JOIN answer ON answer.presentation = presentation.id
     JOIN question ON question.key = answer.question AND question.position = 0
     WHERE reading = reading.id AND phase = 'main') AS answered,
    (SELECT count(*) FROM presentation JOIN answer_event ON answer_event.presentation = presentation.id
     JOIN question ON question.key = answer_event.question AND question.position = 0
     WHERE reading = reading.id AND answer_event.kind = 'undo') AS undone
FROM reading JOIN reader ON reader.code = reading.reader
WHERE reader.withdrawn_at IS NULL ORDER BY reader.rowid, reading.round
"""
