"""Where a reader stands, read from study.db inside one transaction: state, current case, lease, progress."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal

from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import Picture
from brainlab.reading.record.arrangement import as_shown
from brainlab.reading.record.store import now
from brainlab.reading.room.clock import STOPS, case_events, seen_s

LEASE_S = 45.0
"""Seconds for which a tab stays the one that may answer, renewed by everything it does."""

State = Literal["closed", "waiting", "welcome", "consent", "practice", "main", "break", "done"]


@lru_cache(maxsize=16)
def _protocol(text: str) -> Protocol:
    """Read a protocol once: every request asks for it several times, and its text is the key."""
    return Protocol.from_json(text)


@dataclass(frozen=True)
class Place:
    """One reading of one reader (a row of the table `reading`), seen from one tab through an open connection."""

    db: sqlite3.Connection
    reading: sqlite3.Row
    tab_token: str

    @cached_property
    def protocol(self) -> Protocol:
        return _protocol(self._value("SELECT protocol_json FROM study"))

    @property
    def state(self) -> State:
        """See `ReaderSession.state`."""
        if self._value("SELECT state FROM study") != "locked":
            return "closed"
        row = self.open_case()
        if row is None:
            return "done"
        if self.reading["round"] > 1 and (self.reading["not_before"] or "9") > now():
            return "waiting"
        if not self.happened("welcome_done", self.tab_token):
            return "welcome"
        if not self.happened("consent_given"):
            return "consent"
        if row["phase"] == "practice":
            return "practice"
        every, done = self.protocol.rest_break_every, self.counts("completed")["main"]
        return "break" if every and done and done % every == 0 and done not in self._breaks() else "main"

    def open_case(self, skip: int = 0) -> sqlite3.Row | None:
        """The first presentation that is not completed, or the one `skip` places later; None past the end."""
        return self.db.execute(
            "SELECT presentation.*, stimulus.kind, stimulus.shape_json FROM presentation"
            " JOIN stimulus ON stimulus.id = stimulus"
            " WHERE reading = ? AND presentation.id NOT IN (SELECT id FROM completed WHERE reading = ?)"
            " ORDER BY position LIMIT 1 OFFSET ?",
            (self.reading["id"], self.reading["id"], skip),
        ).fetchone()

    def picture(self, case: sqlite3.Row) -> Picture:
        """The grid of a case's image, or of each one of several."""
        shape = json.loads(case["shape_json"])
        size_mm = tuple(shape["voxel_size_mm"])
        places = self.protocol.questions[0].places
        return Picture(tuple(shape["shape"][-len(size_mm) :]), size_mm, self.protocol.plane, places)

    def time_left_s(self, presentation: str) -> float | None:
        """Seconds for which a case may still be looked at; None without a limit. The dark pause before it is none."""
        cap = self.protocol.time_cap_s
        if cap is None:
            return None
        seen = seen_s(case_events(self.db, self.reading["id"], presentation), now())
        return max(0.0, cap - max(0.0, seen - self.protocol.dark_pause_s))

    def show(self) -> None:
        """Start the clock of the current case in the tab that may answer; one that runs already runs on."""
        if self.state not in ("practice", "main") or not self.holds_lease() or (case := self.open_case()) is None:
            return
        events = case_events(self.db, self.reading["id"], case["id"])
        if not events or events[-1][0] in STOPS:
            self.record("case_shown", {"presentation": case["id"]})

    def position(self) -> int:
        """Position of the current case; one past the last when all are done."""
        row = self.open_case()
        if row is not None:
            return row["position"]
        return self._value("SELECT count(*) FROM presentation WHERE reading = ?", self.reading["id"]) + 1

    def counts(self, table: Literal["presentation", "completed"]) -> dict[str, int]:
        """Count presentations, all or completed: `practice`, and `main` with its hidden repeats."""
        rows = self.db.execute(
            f"SELECT phase = 'practice' AS practice, count(*) AS n FROM {table} WHERE reading = ? GROUP BY 1",
            (self.reading["id"],),
        )
        found = {bool(row["practice"]): row["n"] for row in rows}
        return {"practice": found.get(True, 0), "main": found.get(False, 0)}

    def undoable(self) -> str | None:
        """The presentation whose answer was the reader's last act; None after an undo or a told truth."""
        last = self.db.execute(
            "SELECT presentation, answer_event.kind FROM answer_event"
            " JOIN presentation ON presentation.id = presentation WHERE reading = ? ORDER BY sequence DESC LIMIT 1",
            (self.reading["id"],),
        ).fetchone()
        if last is None or last["kind"] == "undo" or self.feedback(last["presentation"]) is not None:
            return None
        return last["presentation"]

    def next_revision(self, presentation: str) -> int:
        """Number of the next event of a presentation."""
        return (self._value("SELECT max(revision) FROM answer_event WHERE presentation = ?", presentation) or 0) + 1

    def feedback(self, presentation: str) -> str | None:
        """What the reader is told after a practice case, if anything."""
        row = self.db.execute(
            "SELECT text, arrangement FROM feedback JOIN presentation USING (stimulus) WHERE presentation.id = ?",
            (presentation,),
        ).fetchone()
        return row and row["text"].format(*as_shown(self.protocol.questions[0].places, row["arrangement"]))

    def holds_lease(self) -> bool:
        """Whether this tab is the one that may answer."""
        return self._value("SELECT tab_token FROM lease WHERE reading = ?", self.reading["id"]) == self.tab_token

    def lease_runs(self, expires_at: str) -> bool:
        """Whether a lease still runs. One with more than LEASE_S to go is from before the clock was set back."""
        latest = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="milliseconds")
        return now() < expires_at <= latest

    def renew_lease(self) -> None:
        """Make this tab the one that may answer, for LEASE_S seconds from now."""
        until = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="milliseconds")
        self.db.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (self.reading["id"], self.tab_token, until))

    def alive_at(self, lease: sqlite3.Row) -> str:
        """When the tab that holds a lease was last heard of."""
        heard = datetime.fromisoformat(lease["expires_at"]) - timedelta(seconds=LEASE_S)
        return heard.isoformat(timespec="milliseconds")

    def happened(self, kind: str, tab: str | None = None) -> bool:
        """Whether an event was recorded, in this reading or in one tab of it."""
        query = "SELECT 1 FROM session_event WHERE reading = ? AND kind = ? AND (? IS NULL OR tab_token = ?) LIMIT 1"
        return self._value(query, self.reading["id"], kind, tab, tab) is not None

    def record(self, kind: str, detail: dict[str, Any]) -> None:
        """Keep an event that is not an answer."""
        self.db.execute(
            "INSERT INTO session_event (reading, tab_token, kind, at, detail_json) VALUES (?, ?, ?, ?, ?)",
            (self.reading["id"], self.tab_token, kind, now(), json.dumps(detail)),
        )

    def record_for_case(self, kind: str, detail: dict[str, Any]) -> None:
        """Keep an event that concerns the case on screen, if there is one."""
        case = self.open_case()
        self.record(kind, detail | ({"presentation": case["id"]} if case is not None else {}))

    def begin(self, at: str) -> None:
        """Note the first answer of the reading."""
        query = "UPDATE reading SET started_at = ? WHERE id = ? AND started_at IS NULL"
        self.db.execute(query, (at, self.reading["id"]))

    def reopen(self) -> None:
        """Go on with a reading whose last answer was taken back."""
        self.db.execute("UPDATE reading SET finished_at = NULL WHERE id = ?", (self.reading["id"],))

    def finish(self, at: str) -> None:
        """End the reading and start the washout before the next one, if there is one."""
        self.db.execute("UPDATE reading SET finished_at = ? WHERE id = ?", (at, self.reading["id"]))
        until = datetime.now(UTC) + timedelta(weeks=self.protocol.washout_weeks)
        self.db.execute(
            "UPDATE reading SET not_before = ? WHERE reader = ? AND round = ?",
            (until.isoformat(timespec="milliseconds"), self.reading["reader"], self.reading["round"] + 1),
        )

    def _breaks(self) -> list[int]:
        """After how many cases the reader has rested."""
        rows = self.db.execute(
            "SELECT detail_json FROM session_event WHERE reading = ? AND kind = 'break_done'", (self.reading["id"],)
        )
        return [json.loads(row["detail_json"])["after"] for row in rows]

    def _value(self, query: str, *values: Any) -> Any:
        """First column of the first row, None without a row."""
        row = self.db.execute(query, values).fetchone()
        return row[0] if row else None
