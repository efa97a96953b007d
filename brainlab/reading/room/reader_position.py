"""Where a reader stands, read from study.db inside one transaction: state, current case, lease, progress."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal

from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.questions import Picture
from brainlab.reading.record import chain
from brainlab.reading.record.arrangement import as_shown
from brainlab.reading.record.store import now
from brainlab.reading.record.tokens import LinkError
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
    """Where the reader of a personal link stands, seen from one tab through an open transaction.

    Each thing is read once and kept until something is written that changes it, so that an act costs few statements.
    """

    db: sqlite3.Connection
    token_hash: str
    tab_token: str

    @cached_property
    def reading(self) -> sqlite3.Row:
        """The first reading not finished, else the last: a row of the table, with what else an act needs to know."""
        return self.db.execute(_READING, (self.token_hash,)).fetchone()

    def check_link(self) -> None:
        """Raise LinkError where the link is not valid, or not valid any more."""
        row = self.reading
        if row is None or row["withdrawn_at"] is not None or (row["token_expires_at"] or "9") <= now():
            raise LinkError

    @property
    def protocol(self) -> Protocol:
        return _protocol(self.reading["protocol_json"])

    @property
    def locked(self) -> bool:
        """Whether answers are taken."""
        return self.reading["study_state"] == "locked"

    @property
    def waits(self) -> bool:
        """Whether the washout before this reading still runs."""
        return self.reading["round"] > 1 and (self.reading["not_before"] or "9") > now()

    @cached_property
    def state(self) -> State:
        """See `ReaderSession.state`."""
        if not self.locked:
            return "closed"
        row = self.open_case()
        if row is None:
            return "done"
        if self.waits:
            return "waiting"
        if ("welcome_done", self.tab_token) not in {(kind, tab) for kind, tab, _ in self._happened}:
            return "welcome"
        if not self.consented:
            return "consent"
        if row["phase"] == "practice":
            return "practice"
        every, done = self.protocol.rest_break_every, self.counts("completed")["main"]
        return "break" if every and done and done % every == 0 and done not in self._rests() else "main"

    @property
    def consented(self) -> bool:
        """Whether the reader agreed to take part in this reading."""
        return any(kind == "consent_given" for kind, _, _ in self._happened)

    def open_case(self, skip: int = 0) -> sqlite3.Row | None:
        """The first presentation that is not completed, or the next one (`skip` 1); None past the end."""
        return self._open[skip] if skip < len(self._open) else None

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
        if not self._clock_runs(case["id"]):
            self.record("case_shown", {"presentation": case["id"]})

    def set_aside(self) -> None:
        """Stop the clock of the current case, if it runs: the one before comes back to the screen."""
        case = self.open_case()
        if case is not None and self._clock_runs(case["id"]):
            self.record("set_aside", {"presentation": case["id"]})

    def _clock_runs(self, presentation: str) -> bool:
        events = case_events(self.db, self.reading["id"], presentation)
        return bool(events) and events[-1][0] not in STOPS

    def position(self) -> int:
        """Position of the current case; one past the last when all are done."""
        row = self.open_case()
        return len(self._cases) + 1 if row is None else row["position"]

    def counts(self, which: Literal["presentation", "completed"]) -> dict[str, int]:
        """Count presentations, all or completed: `practice`, and `main` with its hidden repeats."""
        counted = [case for case in self._cases if case["completed"] or which == "presentation"]
        practice = sum(case["phase"] == "practice" for case in counted)
        return {"practice": practice, "main": len(counted) - practice}

    def undoable(self) -> sqlite3.Row | None:
        """The reader's last act, if it is an answer that can be taken back: presentation, revision, reading and so on.

        Not after an undo or a told truth. An answer of the reading before can be until its washout is over, and where
        there is none until this reading has an answer: later, taking it back would be worth a second washout.
        """
        last = self.db.execute(_LAST_ACT, (self.reading["reader"],)).fetchone()
        if last is None or last["kind"] == "undo" or last["told"]:
            return None
        before = last["round"] == self.reading["round"] - 1 and (self.waits or self.protocol.washout_weeks == 0)
        return last if last["reading"] == self.reading["id"] or before else None

    def feedback(self, presentation: str) -> str | None:
        """What the reader is told after a practice case, if anything."""
        if not self.protocol.practice_feedback:
            return None
        row = self.db.execute(
            "SELECT text, arrangement FROM feedback JOIN presentation USING (stimulus) WHERE presentation.id = ?",
            (presentation,),
        ).fetchone()
        return row and row["text"].format(*as_shown(self.protocol.questions[0].places, row["arrangement"]))

    def holds_lease(self) -> bool:
        """Whether this tab is the one that may answer."""
        return self.reading["lease_tab"] == self.tab_token

    def lease_runs(self, expires_at: str) -> bool:
        """Whether a lease still runs. One with more than LEASE_S to go is from before the clock was set back."""
        latest = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="milliseconds")
        return now() < expires_at <= latest

    def renew_lease(self) -> None:
        """Make this tab the one that may answer, for LEASE_S seconds from now."""
        until = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="milliseconds")
        self.db.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (self.reading["id"], self.tab_token, until))
        self._forget("reading")

    def alive_at(self, expires_at: str) -> str:
        """When the tab whose lease ends then was last heard of."""
        heard = datetime.fromisoformat(expires_at) - timedelta(seconds=LEASE_S)
        return heard.isoformat(timespec="milliseconds")

    def record(self, kind: str, detail: dict[str, Any]) -> None:
        """Keep an event that is not an answer."""
        self.db.execute(
            "INSERT INTO session_event (reading, tab_token, kind, at, detail_json) VALUES (?, ?, ?, ?, ?)",
            (self.reading["id"], self.tab_token, kind, now(), json.dumps(detail)),
        )
        self._forget("_happened", "state")

    def record_for_case(self, kind: str, detail: dict[str, Any]) -> None:
        """Keep an event that concerns the case on screen, if there is one."""
        case = self.open_case()
        self.record(kind, detail | ({"presentation": case["id"]} if case is not None else {}))

    def append(self, events: Iterable[dict[str, Any]]) -> chain.Head:
        """Add answers, or what takes them back, to the chain; returns its new end."""
        end = chain.append(self.db, events)
        self._forget("_cases", "_open", "state")
        return end

    def begin(self, at: str) -> None:
        """Note the first answer of the reading."""
        if self.reading["started_at"] is None:
            self.db.execute("UPDATE reading SET started_at = ? WHERE id = ?", (at, self.reading["id"]))

    def reopen(self, last: sqlite3.Row) -> None:
        """Go on with the finished reading of an answer that was taken back; the washout after it has not begun.

        last: see `undoable`. When the reading had ended is kept as a session event; it is where the reader is then.
        """
        self.db.execute("UPDATE reading SET finished_at = NULL WHERE id = ?", (last["reading"],))
        query = "UPDATE reading SET not_before = NULL WHERE reader = ? AND round = ?"
        self.db.execute(query, (self.reading["reader"], last["round"] + 1))
        self._forget("reading", "_happened", "_cases", "_open", "state")
        self.record("reopened", {"finished_at": last["finished_at"]})

    def finish(self, at: str) -> None:
        """End the reading and start the washout before the next one, where the reader is then, if there is one."""
        self.db.execute("UPDATE reading SET finished_at = ? WHERE id = ?", (at, self.reading["id"]))
        until = datetime.now(UTC) + timedelta(weeks=self.protocol.washout_weeks)
        self.db.execute(
            "UPDATE reading SET not_before = ? WHERE reader = ? AND round = ?",
            (until.isoformat(timespec="milliseconds"), self.reading["reader"], self.reading["round"] + 1),
        )
        self._forget("reading", "_happened", "_cases", "_open", "state")

    @cached_property
    def _cases(self) -> list[sqlite3.Row]:
        """Every presentation of the reading in order, and whether it is completed."""
        return self.db.execute(_CASES, {"reading": self.reading["id"]}).fetchall()

    @cached_property
    def _open(self) -> list[sqlite3.Row]:
        """The first two presentations that are not completed, with what a tab is told of them."""
        ids = [case["id"] for case in self._cases if not case["completed"]][:2]
        return self.db.execute(_OPEN, (*ids, *[None] * (2 - len(ids)))).fetchall() if ids else []

    @cached_property
    def _happened(self) -> list[tuple[str, str, int | None]]:
        """The events on which the state depends: kind, tab and, of a break, after how many cases."""
        return [tuple(row) for row in self.db.execute(_EVENTS, (self.reading["id"],))]

    def _rests(self) -> set[int | None]:
        """After how many cases the reader has rested."""
        return {after for kind, _, after in self._happened if kind == "break_done"}

    def _forget(self, *names: str) -> None:
        """Read again, when it is next asked for, what a write has changed."""
        for name in names:
            self.__dict__.pop(name, None)


_READING = """
SELECT reading.*, reader.token_expires_at, reader.withdrawn_at, study.state AS study_state, study.protocol_json,
    lease.tab_token AS lease_tab, lease.expires_at AS lease_until
FROM study, reader JOIN reading ON reading.reader = reader.code LEFT JOIN lease ON lease.reading = reading.id
WHERE reader.token_hash = ?
ORDER BY finished_at IS NOT NULL, CASE WHEN finished_at IS NULL THEN round ELSE -round END LIMIT 1
"""

_CASES = """
SELECT id, position, phase, id IN (SELECT id FROM completed WHERE reading = :reading) AS completed
FROM presentation WHERE reading = :reading ORDER BY position
"""

_OPEN = """
SELECT presentation.id, position, phase, kind, shape_json,
    (SELECT max(revision) FROM answer_event WHERE presentation = presentation.id) AS revision
FROM presentation JOIN stimulus ON stimulus.id = stimulus WHERE presentation.id IN (?, ?) ORDER BY position
"""

_EVENTS = """
SELECT DISTINCT kind, tab_token, json_extract(detail_json, '$.after') FROM session_event
WHERE reading = ? AND kind IN ('welcome_done', 'consent_given', 'break_done')
"""

_LAST_ACT = """
SELECT answer_event.presentation, revision, answer_event.kind, reading.id AS reading, reading.round, finished_at,
    EXISTS (SELECT 1 FROM feedback WHERE feedback.stimulus = presentation.stimulus) AS told
FROM answer_event JOIN presentation ON presentation.id = answer_event.presentation
    JOIN reading ON reading.id = presentation.reading
WHERE reading.reader = ? ORDER BY sequence DESC LIMIT 1
"""
