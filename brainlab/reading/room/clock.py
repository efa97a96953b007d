"""How long a case has been on a reader's screen, by the server's own clock.

The session events of a reading, which are only ever added to, tell it: `case_shown` starts the clock of a case, and so
does `resumed`; `paused`, the answer, `set_aside` when the case before is taken back, and `lease_taken` when another
tab or a reloaded page goes on, stop it. So a reload gives no more time, and a browser's clock is never asked.
"""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

HEARTBEAT_S = 15.0
"""Seconds between two signs of life of the reading room's script (reader.js)."""

STARTS = ("case_shown", "resumed")
STOPS = ("paused", "set_aside", "lease_taken", "answered")


def seen_s(events: Iterable[tuple[str, str, dict[str, Any]]], until: str) -> float:
    """Return the seconds for which a case was shown.

    events: (kind, at, detail) of one case, oldest first. until: the present time.
    A page that was left without a word counts to the first heartbeat that did not come: `lease_taken` tells the last
    sign of it as `alive_at`.
    """
    seen, since = 0.0, None
    for kind, at, detail in events:
        if kind in STARTS and since is None:
            since = at
        elif kind in STOPS and since is not None:
            alive = detail.get("alive_at")
            seen += _between(since, min(at, _silence(since, alive)) if alive else at)
            since = None
    return seen if since is None else seen + _between(since, until)


def case_events(db: sqlite3.Connection, reading: int, presentation: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the events that started or stopped the clock of a case, oldest first."""
    rows = db.execute(
        "SELECT sequence, kind, at, detail_json FROM session_event WHERE reading = :reading"
        " AND kind IN ('case_shown', 'resumed', 'paused', 'set_aside', 'lease_taken')"
        " AND json_extract(detail_json, '$.presentation') = :presentation"
        " UNION ALL SELECT DISTINCT NULL, 'answered', received_at, '{}' FROM answer_event"
        " WHERE presentation = :presentation AND kind = 'answer' ORDER BY sequence NULLS LAST",
        {"reading": reading, "presentation": presentation},
    )
    found = [(row["kind"], row["at"], json.loads(row["detail_json"])) for row in rows]
    return sorted(found, key=lambda event: event[1])


def _silence(since: str, alive_at: str) -> str:
    """When a page that was last heard of at `alive_at` could have been noticed as gone."""
    heard = datetime.fromisoformat(max(since, alive_at))
    return (heard + timedelta(seconds=HEARTBEAT_S)).isoformat(timespec="milliseconds")


def _between(start: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
