"""A reader's side of a study: one case after another, each answer on disk before the next case is shown.

The reading room holds a `ReaderSession` and nothing else of the study. It never opens truth.db, and what it returns
holds no source, label, ratio or score. The database is the only state: a session may be thrown away and opened again
at any time, in any thread.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from brainlab.errors import InputError, StudyStateError
from brainlab.reading import chain
from brainlab.reading.design import Protocol, Question
from brainlab.reading.store import Store, now
from brainlab.reading.tokens import LinkError, token_hash

LEASE_S = 45.0
"""Seconds for which a tab stays the one that may answer, renewed by everything it does."""

EVENTS = ("opened", "display_checked", "welcome_done", "consent_given", "break_done", "paused", "resumed", "left")
"""What the reading room may record beside answers."""

MAX_TEXT = 4000
"""Longest answer in signs."""

State = Literal["closed", "waiting", "welcome", "consent", "practice", "main", "break", "done"]


class LeaseLostError(StudyStateError):
    """Another tab or browser is reading now; this one may take over."""

    def __init__(self) -> None:
        super().__init__("this study is open in another tab; choose 'continue here' to read on in this one")


@dataclass(frozen=True)
class Presentation:
    """One case on the reader's screen.

    position, total: within its phase, from 1. Hidden repeats are counted and named as `main`.
    shape: of the uint8 pixels; [height, width] of a slice, [X, Y, Z] RAS of a volume. voxel_size_mm: one per axis.
    answer_key: sends the answer as often as the network likes, and is saved once.
    """

    id: str
    position: int
    total: int
    phase: Literal["practice", "main"]
    questions: tuple[Question, ...]
    kind: Literal["slice", "volume"]
    shape: tuple[int, ...]
    voxel_size_mm: tuple[float, ...]
    answer_key: str


@dataclass(frozen=True)
class Room:
    """What the reading room needs to know of the protocol, and all that it may know."""

    reader: str
    title: str
    instructions: str
    consent: str
    confidence: bool
    window: str
    interpolation: str
    plane: str
    practice: int
    practice_feedback: bool
    time_cap_s: float | None
    rest_break_every: int


@dataclass(frozen=True)
class Receipt:
    """An answer that is on disk. saved: False when the same submission had been saved before."""

    saved: bool
    feedback: str | None


@dataclass(frozen=True)
class Progress:
    """Cases of the study itself with every required question answered; practice is counted apart."""

    done: int
    total: int
    practice_done: int
    practice_total: int


@dataclass(frozen=True)
class ReaderSession:
    """One browser tab of one reader. Make it with `ReaderSession.open`."""

    folder: Path
    reader: str
    token_hash: str
    tab_token: str

    @classmethod
    def open(cls, folder: Path | str, token: str, tab_token: str) -> "ReaderSession":
        """Enter with a personal link's token. tab_token: a random text of at least 16 signs, new for every tab.

        Raises LinkError when the link is not valid: the study, the token, its term or the reader.
        """
        if len(tab_token) < 16:
            raise InputError("tab_token: needed a random text of at least 16 signs")
        folder = Path(folder)
        if not (folder / "study.db").is_file():
            raise LinkError
        digest = token_hash(token)
        with Store(folder).read() as db:
            row = db.execute("SELECT code FROM reader WHERE token_hash = ?", (digest,)).fetchone()
            if row is None:
                raise LinkError
            session = cls(folder, row["code"], digest, tab_token)
            session._check_link(db)
        return session

    @property
    def room(self) -> Room:
        """Texts and display settings of the study."""
        with self._read() as (db, _):
            p = Protocol.from_json(db.execute("SELECT protocol_json FROM study").fetchone()[0])
        return Room(
            self.reader,
            p.reader_title,
            p.instructions,
            p.consent,
            p.confidence,
            p.window,
            p.interpolation,
            p.plane,
            p.practice,
            p.practice_feedback,
            p.time_cap_s,
            p.rest_break_every,
        )

    @property
    def state(self) -> State:
        """Where this tab stands.

        `closed` no answers are taken; `waiting` the washout before a second reading; `welcome` instructions and
        display check, again in every new tab; `consent` once per reading; `practice`, `main`; `break`; `done`.
        """
        with self._read() as (db, reading):
            return self._state(db, reading)

    def acquire_lease(self, takeover: bool = False) -> bool:
        """Become the tab that may answer; False when another tab is, unless `takeover`."""
        with self._write() as (db, reading):
            held = db.execute("SELECT * FROM lease WHERE reading = ?", (reading["id"],)).fetchone()
            other = held is not None and held["tab_token"] != self.tab_token
            if other and held["expires_at"] > now() and not takeover:
                return False
            self._renew(db, reading)
            if other:
                self._event(db, reading, "lease_taken", {})
            return True

    @property
    def has_lease(self) -> bool:
        """Whether this tab is the one that may answer."""
        with self._read() as (db, reading):
            return self._holds_lease(db, reading)

    def current(self) -> Presentation | None:
        """The case to be answered now, or None when all are."""
        return self._nth_open(0)

    def peek_next(self) -> Presentation | None:
        """The case after the current one, to be fetched ahead."""
        return self._nth_open(1)

    def pixels(self, presentation_id: str) -> tuple[bytes, tuple[int, ...]]:
        """Return the uint8 pixels of a case in C order and their shape.

        Only of the reader's own current case and its neighbours: the next is fetched ahead, the one before may still
        be on its way. Raises InputError for any other id, with one text whatever the reason.
        """
        with self._read() as (db, reading):
            if self._state(db, reading) in ("closed", "waiting", "welcome", "consent"):
                raise InputError("no such image")
            row = db.execute(
                "SELECT position, pixels, shape_json FROM presentation JOIN stimulus ON stimulus.id = stimulus"
                " WHERE presentation.id = ? AND reading = ?",
                (presentation_id, reading["id"]),
            ).fetchone()
            position = self._current_position(db, reading)
        if row is None or not position - 1 <= row["position"] <= position + 1:
            raise InputError("no such image")
        return row["pixels"], tuple(json.loads(row["shape_json"])["shape"])

    def answer(
        self,
        presentation_id: str,
        value: str,
        *,
        idempotency_key: str,
        confidence: int | None = None,
        cue: str | None = None,
        others: dict[str, str] | None = None,
        shown_at: str | None = None,
        active_ms: int | None = None,
    ) -> Receipt:
        """Save the answer to the current case; when this returns, it is on disk.

        value: answer to the first question. cue: optional free text. others: answers to further questions, by key.
        idempotency_key: the presentation's `answer_key`; whatever is sent again under it is saved once.
        shown_at: when the case was drawn (UTC, ISO 8601). active_ms: time spent on it with the page visible.
        Raises LeaseLostError in a tab that lost the lease, StudyStateError when the case is not the current one or no
        answers are taken, InputError when a value does not fit its question.
        """
        with self._write() as (db, reading):
            protocol = self._protocol(db)
            key = idempotency_key
            known = db.execute(
                "SELECT presentation FROM answer_event WHERE idempotency_key = ?",
                (f"{key}/{protocol.questions[0].key}",),
            ).fetchone()
            if known is not None and known["presentation"] == presentation_id:
                return Receipt(False, self._feedback(db, presentation_id))
            if not self._holds_lease(db, reading):
                raise LeaseLostError
            row = self._open_row(db, reading, 0)
            if row is None or row["id"] != presentation_id:
                raise StudyStateError("this case is answered already, or is not the current one; nothing was changed")
            if self._state(db, reading) not in ("practice", "main"):
                raise StudyStateError("no answer can be given now; reload the page to see why")
            given = {protocol.questions[0].key: value, **(others or {})}
            if cue and cue.strip():
                given["cue"] = cue.strip()
            _check_answers(protocol, given, confidence)
            _check_times(shown_at, active_ms)
            received = now()
            revision = self._next_revision(db, presentation_id)
            for number, (question, text) in enumerate(given.items()):
                end = chain.append(
                    db,
                    {
                        "presentation": presentation_id,
                        "question": question,
                        "revision": revision,
                        "kind": "answer",
                        "value": text,
                        "confidence": confidence if number == 0 else None,
                        "idempotency_key": f"{key}/{question}",
                        "shown_at": shown_at,
                        "received_at": received,
                        "active_ms": active_ms,
                    },
                )
            db.execute(
                "UPDATE reading SET started_at = ? WHERE id = ? AND started_at IS NULL", (received, reading["id"])
            )
            if self._open_row(db, reading, 0) is None:
                self._finish(db, reading, protocol, received)
            self._renew(db, reading)
            feedback = self._feedback(db, presentation_id)
        chain.anchor(self._store.anchor_path, end)
        return Receipt(True, feedback)

    def undo(self) -> Presentation:
        """Take back the last answer; both stay on record. Returns its case, which is the current one again.

        One step only, never a practice case whose truth was told. Raises StudyStateError when there is nothing to undo.
        """
        with self._write() as (db, reading):
            if not self._holds_lease(db, reading):
                raise LeaseLostError
            last = self._undoable(db, reading)
            if last is None:
                raise StudyStateError("there is no answer to take back")
            received = now()
            for event in db.execute("SELECT * FROM answer WHERE presentation = ?", (last["id"],)).fetchall():
                revision = self._next_revision(db, last["id"])
                end = chain.append(
                    db,
                    {
                        "presentation": last["id"],
                        "question": event["question"],
                        "revision": event["revision"] + 1,
                        "kind": "undo",
                        "value": None,
                        "confidence": None,
                        "idempotency_key": f"undo.{last['id']}.{revision}/{event['question']}",
                        "shown_at": None,
                        "received_at": received,
                        "active_ms": None,
                    },
                )
            db.execute("UPDATE reading SET finished_at = NULL WHERE id = ?", (reading["id"],))
            self._renew(db, reading)
        chain.anchor(self._store.anchor_path, end)
        case = self.current()
        if case is None:
            raise StudyStateError("the answer was taken back, but the study was closed meanwhile")
        return case

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would take something back."""
        with self._read() as (db, reading):
            return self._undoable(db, reading) is not None

    def progress(self) -> Progress:
        """Count the cases done, without any score."""
        with self._read() as (db, reading):
            done = _phase_counts(db, "completed", reading["id"])
            total = _phase_counts(db, "presentation", reading["id"])
        return Progress(done["main"], total["main"], done["practice"], total["practice"])

    def record_event(self, kind: str, detail: dict[str, Any] | None = None) -> None:
        """Record something that is not an answer (EVENTS), such as the browser's viewport or the accepted consent."""
        if kind not in EVENTS:
            raise InputError(f"event: needed one of {', '.join(EVENTS)}, came {kind}")
        with self._write() as (db, reading):
            detail = dict(detail or {})
            if kind == "break_done":
                detail["after"] = _phase_counts(db, "completed", reading["id"])["main"]
            self._event(db, reading, kind, detail)

    # --- inside one transaction ---------------------------------------------------------------------------------

    @property
    def _store(self) -> Store:
        return Store(self.folder)

    @contextmanager
    def _read(self) -> Iterator[tuple[sqlite3.Connection, sqlite3.Row]]:
        with self._store.read() as db:
            self._check_link(db)
            yield db, self._reading(db)

    @contextmanager
    def _write(self) -> Iterator[tuple[sqlite3.Connection, sqlite3.Row]]:
        with self._store.write() as db:
            self._check_link(db)
            if db.execute("SELECT state FROM study").fetchone()[0] != "locked":
                raise StudyStateError("this study is closed; no more answers are taken")
            yield db, self._reading(db)

    def _check_link(self, db: sqlite3.Connection) -> None:
        row = db.execute("SELECT * FROM reader WHERE code = ?", (self.reader,)).fetchone()
        expired = row["token_expires_at"] is not None and row["token_expires_at"] <= now()
        if row["token_hash"] != self.token_hash or row["withdrawn_at"] is not None or expired:
            raise LinkError

    def _reading(self, db: sqlite3.Connection) -> sqlite3.Row:
        """The first reading that is not finished, else the last: a second one waits for its washout."""
        rows = db.execute("SELECT * FROM reading WHERE reader = ? ORDER BY round", (self.reader,)).fetchall()
        if not rows:
            raise LinkError
        unfinished = [row for row in rows if row["finished_at"] is None]
        return unfinished[0] if unfinished else rows[-1]

    def _protocol(self, db: sqlite3.Connection) -> Protocol:
        return Protocol.from_json(db.execute("SELECT protocol_json FROM study").fetchone()[0])

    def _state(self, db: sqlite3.Connection, reading: sqlite3.Row) -> State:
        if db.execute("SELECT state FROM study").fetchone()[0] != "locked":
            return "closed"
        row = self._open_row(db, reading, 0)
        if row is None:
            return "done"
        if reading["round"] > 1 and (reading["not_before"] is None or reading["not_before"] > now()):
            return "waiting"
        if not self._happened(db, reading, "welcome_done", self.tab_token):
            return "welcome"
        if not self._happened(db, reading, "consent_given"):
            return "consent"
        if row["phase"] == "practice":
            return "practice"
        every = self._protocol(db).rest_break_every
        done = _phase_counts(db, "completed", reading["id"])["main"]
        rested = [
            json.loads(event["detail_json"]).get("after")
            for event in db.execute(
                "SELECT detail_json FROM session_event WHERE reading = ? AND kind = 'break_done'", (reading["id"],)
            )
        ]
        return "break" if every and done and done % every == 0 and done not in rested else "main"

    def _open_row(self, db: sqlite3.Connection, reading: sqlite3.Row, skip: int) -> sqlite3.Row | None:
        return db.execute(
            "SELECT presentation.*, stimulus.kind, stimulus.shape_json FROM presentation"
            " JOIN stimulus ON stimulus.id = stimulus"
            " WHERE reading = ? AND presentation.id NOT IN (SELECT id FROM completed WHERE reading = ?)"
            " ORDER BY position LIMIT 1 OFFSET ?",
            (reading["id"], reading["id"], skip),
        ).fetchone()

    def _nth_open(self, skip: int) -> Presentation | None:
        with self._read() as (db, reading):
            row = self._open_row(db, reading, skip)
            if row is None:
                return None
            total = _phase_counts(db, "presentation", reading["id"])
            phase: Literal["practice", "main"] = "practice" if row["phase"] == "practice" else "main"
            before = 0 if phase == "practice" else total["practice"]
            shape = json.loads(row["shape_json"])
            return Presentation(
                id=row["id"],
                position=row["position"] - before,
                total=total[phase],
                phase=phase,
                questions=self._protocol(db).all_questions,
                kind=row["kind"],
                shape=tuple(shape["shape"]),
                voxel_size_mm=tuple(shape["voxel_size_mm"]),
                answer_key=f"{row['id']}.{self._next_revision(db, row['id'])}",
            )

    def _current_position(self, db: sqlite3.Connection, reading: sqlite3.Row) -> int:
        row = self._open_row(db, reading, 0)
        if row is not None:
            return row["position"]
        return db.execute("SELECT count(*) FROM presentation WHERE reading = ?", (reading["id"],)).fetchone()[0] + 1

    def _undoable(self, db: sqlite3.Connection, reading: sqlite3.Row) -> sqlite3.Row | None:
        last = db.execute(
            "SELECT presentation.*, answer_event.kind AS event_kind FROM answer_event"
            " JOIN presentation ON presentation.id = presentation WHERE reading = ? ORDER BY sequence DESC LIMIT 1",
            (reading["id"],),
        ).fetchone()
        if last is None or last["event_kind"] == "undo" or self._feedback(db, last["id"]) is not None:
            return None
        return last

    def _next_revision(self, db: sqlite3.Connection, presentation_id: str) -> int:
        row = db.execute("SELECT max(revision) FROM answer_event WHERE presentation = ?", (presentation_id,)).fetchone()
        return (row[0] or 0) + 1

    def _feedback(self, db: sqlite3.Connection, presentation_id: str) -> str | None:
        row = db.execute(
            "SELECT text FROM feedback JOIN presentation USING (stimulus) WHERE presentation.id = ?", (presentation_id,)
        ).fetchone()
        return row["text"] if row else None

    def _holds_lease(self, db: sqlite3.Connection, reading: sqlite3.Row) -> bool:
        row = db.execute("SELECT tab_token FROM lease WHERE reading = ?", (reading["id"],)).fetchone()
        return row is not None and row["tab_token"] == self.tab_token

    def _renew(self, db: sqlite3.Connection, reading: sqlite3.Row) -> None:
        until = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).isoformat(timespec="milliseconds")
        db.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (reading["id"], self.tab_token, until))

    def _happened(self, db: sqlite3.Connection, reading: sqlite3.Row, kind: str, tab: str | None = None) -> bool:
        row = db.execute(
            "SELECT 1 FROM session_event WHERE reading = ? AND kind = ? AND (? IS NULL OR tab_token = ?) LIMIT 1",
            (reading["id"], kind, tab, tab),
        ).fetchone()
        return row is not None

    def _event(self, db: sqlite3.Connection, reading: sqlite3.Row, kind: str, detail: dict[str, Any]) -> None:
        db.execute(
            "INSERT INTO session_event (reading, tab_token, kind, at, detail_json) VALUES (?, ?, ?, ?, ?)",
            (reading["id"], self.tab_token, kind, now(), json.dumps(detail)),
        )

    def _finish(self, db: sqlite3.Connection, reading: sqlite3.Row, protocol: Protocol, at: str) -> None:
        """Close the reading and start the washout before the next one, if there is one."""
        db.execute("UPDATE reading SET finished_at = ? WHERE id = ?", (at, reading["id"]))
        until = datetime.now(UTC) + timedelta(weeks=protocol.washout_weeks)
        db.execute(
            "UPDATE reading SET not_before = ? WHERE reader = ? AND round = ?",
            (until.isoformat(timespec="milliseconds"), self.reader, reading["round"] + 1),
        )


def _phase_counts(db: sqlite3.Connection, table: Literal["presentation", "completed"], reading: int) -> dict[str, int]:
    """Count the presentations of a reading: practice, and main with its repeats."""
    rows = db.execute(
        f"SELECT phase = 'practice' AS practice, count(*) AS n FROM {table} WHERE reading = ? GROUP BY 1", (reading,)
    ).fetchall()
    counts = {bool(row["practice"]): row["n"] for row in rows}
    return {"practice": counts.get(True, 0), "main": counts.get(False, 0)}


def _check_answers(protocol: Protocol, given: dict[str, str], confidence: int | None) -> None:
    """Raise InputError when an answer does not fit its question, a required one is missing or confidence is wrong."""
    questions = {question.key: question for question in protocol.all_questions}
    for key, text in given.items():
        if key not in questions:
            raise InputError(f"{key}: no such question; known are {', '.join(questions)}")
        options = questions[key].options
        if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
            raise InputError(f"{key}: needed a text of 1 to {MAX_TEXT} signs")
        if options and text not in options:
            raise InputError(f"{key}: needed one of {', '.join(options)}, came {text}")
    if missing := [key for key, question in questions.items() if question.required and key not in given]:
        raise InputError(f"an answer to {', '.join(missing)} is missing")
    if protocol.confidence and confidence not in (1, 2, 3, 4, 5):
        raise InputError(f"confidence: needed a whole number from 1 (guess) to 5 (certain), came {confidence}")
    if not protocol.confidence and confidence is not None:
        raise InputError("confidence: this study does not ask for it")


def _check_times(shown_at: str | None, active_ms: int | None) -> None:
    if shown_at is not None:
        try:
            datetime.fromisoformat(shown_at)
        except (TypeError, ValueError) as error:
            raise InputError(f"shown_at: needed a time in ISO 8601, came {shown_at!r}") from error
    if active_ms is not None and (type(active_ms) is not int or active_ms < 0):
        raise InputError(f"active_ms: needed whole milliseconds, 0 or more, came {active_ms!r}")
