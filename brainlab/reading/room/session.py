"""A reader's side of a study: one case after another, each answer on disk before the next case is shown.

The reading room holds a `ReaderSession` and nothing else of the study. It never opens truth.db, and what it returns
holds no source, ratio or score, and no label but that of a practice case where the protocol explains those. The
database is the only state: a session may be thrown away and opened again at any time, in any thread.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.protocol.questions import LONGEST_TEXT
from brainlab.reading.record import chain
from brainlab.reading.record.arrangement import arranged
from brainlab.reading.record.store import StorageError, Store
from brainlab.reading.record.tokens import LinkError, token_hash
from brainlab.reading.room.reader_position import Place, State
from brainlab.reading.room.reader_view import (
    Presentation,
    Progress,
    Receipt,
    Room,
    View,
    presentation_of,
    progress_of,
    room_of,
    view_of,
)
from brainlab.reading.room.submission import save_answers, take_back

EVENTS = ("opened", "display_checked", "welcome_done", "consent_given", "break_done", "paused", "resumed", "left")
"""What the reading room may record beside answers."""


class LeaseLostError(StudyStateError):
    """Another tab or browser is reading now; this one may take over."""

    def __init__(self) -> None:
        super().__init__("this study is open in another tab; choose 'continue here' to read on in this one")


@dataclass(frozen=True)
class ReaderSession:
    """One browser tab of one reader. Every act checks the link, is one transaction, and tells where the reader stands.

    tab_token: a random text of at least 16 signs, new for every tab. Whatever is asked raises LinkError when the link
    is not valid, or not valid any more: the study, the token, its term or the reader.
    """

    folder: Path
    token_hash: str
    tab_token: str

    def __post_init__(self) -> None:
        if len(self.tab_token) < 16:
            raise InputError("tab_token: needs a random text of at least 16 signs")

    @classmethod
    def of_link(cls, folder: Path | str, token: str, tab_token: str) -> "ReaderSession":
        """Take a personal link's token; its first act checks it."""
        return cls(Path(folder), token_hash(token), tab_token)

    @classmethod
    def open(cls, folder: Path | str, token: str, tab_token: str) -> "ReaderSession":
        """Enter with a personal link's token; raises LinkError at once when the link is not valid."""
        session = cls.of_link(folder, token, tab_token)
        with session._read():
            return session

    @property
    def state(self) -> State:
        """Where this tab stands.

        `closed` no answers are taken; `waiting` the washout before a later reading; `welcome` instructions and
        display check, again in every new tab; `consent` once per reading; `practice`, `main`; `break`; `done`.
        """
        with self._read() as place:
            return place.state

    @property
    def room(self) -> Room:
        """Texts and display settings of the study."""
        with self._read() as place:
            return room_of(place)

    @property
    def has_lease(self) -> bool:
        """Whether this tab is the one that may answer."""
        with self._read() as place:
            return place.holds_lease()

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would take something back."""
        with self._read() as place:
            return place.undoable() is not None

    def look(self) -> View:
        """Return everything that a tab shows, read at one moment."""
        with self._read() as place:
            return view_of(place)

    def current(self) -> Presentation | None:
        """The case to be answered now; None when all are, the study is closed or a second reading has to wait."""
        with self._read() as place:
            return presentation_of(place, 0)

    def progress(self) -> Progress:
        """Count the cases done, without any score."""
        with self._read() as place:
            return progress_of(place)

    def pixels(self, presentation_id: str) -> tuple[bytes, tuple[int, ...]]:
        """Return the uint8 pixels of a case in C order and their shape.

        Only of the reader's own current case, while its time lasts, and of its neighbours: the next is fetched ahead,
        the one before may still be on its way. Raises InputError for any other id, with one text whatever the reason.
        """
        with self._read() as place:
            row = place.db.execute(
                "SELECT position, arrangement, pixels, shape_json"
                " FROM presentation JOIN stimulus ON stimulus.id = stimulus"
                " WHERE presentation.id = ? AND reading = ?",
                (presentation_id, place.reading["id"]),
            ).fetchone()
            hidden = place.state in ("closed", "waiting", "welcome", "consent")
            if row is None or hidden or abs(row["position"] - place.position()) > 1:
                raise InputError("no such image")
            if row["position"] == place.position() and place.time_left_s(presentation_id) == 0:
                raise InputError("no such image")
        return arranged(row["pixels"], row["arrangement"]), tuple(json.loads(row["shape_json"])["shape"])

    def acquire_lease(self, takeover: bool = False, previous: str | None = None, alive: bool = False) -> View:
        """Become the tab that may answer, unless another is and this one does not take over; see `View.has_lease`.

        previous: tab token of the page before a reload, whose lease passes on to this one without asking.
        alive: a mere sign of life, which does not bring the current case to the screen.
        A closed study has no such tab, and its file may be one that cannot be written.
        """
        try:
            with self._write() as place:
                holder, until = place.reading["lease_tab"], place.reading["lease_until"]
                other = holder not in (None, self.tab_token)
                if other and place.lease_runs(until) and not takeover and holder != previous:
                    return view_of(place)
                if other:
                    place.record_for_case("lease_taken", {"alive_at": place.alive_at(until)})
                place.renew_lease()
                if not alive:
                    place.show()
                return view_of(place)
        except (StudyStateError, StorageError):
            if (view := self.look()).state == "closed":
                return view
            raise

    def record_event(self, kind: str, detail: dict[str, Any] | None = None) -> View:
        """Record something that is not an answer (EVENTS), such as the browser's viewport or the accepted consent."""
        if kind not in EVENTS:
            raise InputError(f"event: needs one of {', '.join(EVENTS)}, got {kind}")
        if len(json.dumps(detail)) > LONGEST_TEXT:
            raise InputError(f"event: needs a detail of at most {LONGEST_TEXT} signs")
        with self._write() as place:
            # What stops the clock of a case is for the server to say (clock.py), not for a browser.
            detail = {name: value for name, value in (detail or {}).items() if name not in ("presentation", "alive_at")}
            if kind == "break_done":
                detail["after"] = place.counts("completed")["main"]
            if kind in ("paused", "resumed") and place.holds_lease():
                place.record_for_case(kind, detail)
            else:
                place.record(kind, detail)
            if kind != "paused":
                place.show()
            return view_of(place)

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
        with self._write() as place:
            first = place.protocol.questions[0].key
            known = place.db.execute(
                "SELECT presentation FROM answer_event WHERE idempotency_key = ?", (f"{idempotency_key}/{first}",)
            ).fetchone()
            if known is not None and known["presentation"] == presentation_id:
                return Receipt(False, place.feedback(presentation_id), view_of(place))
            if not place.holds_lease():
                raise LeaseLostError
            end = save_answers(
                place,
                presentation_id,
                {**(others or {}), first: value} | ({"cue": cue.strip()} if cue and cue.strip() else {}),
                idempotency_key=idempotency_key,
                confidence=confidence,
                shown_at=shown_at,
                active_ms=active_ms,
            )
            feedback = place.feedback(presentation_id)
            place.renew_lease()  # of the next reading, where that was the last case of this one
            if feedback is None:  # else the next case comes when the feedback has been read
                place.show()
            receipt = Receipt(True, feedback, view_of(place))
        chain.anchor(Store(self.folder).anchor_path, end)
        return receipt

    def undo(self) -> View:
        """Take back the last answer; both stay on record, and its case is the current one again.

        One step only, never a practice case whose truth was told. The last answer of the reading before can be taken
        back while the washout runs; that reading then goes on. Raises StudyStateError when there is nothing to undo.
        """
        with self._write() as place:
            if not place.holds_lease():
                raise LeaseLostError
            end = take_back(place)
            place.renew_lease()
            place.show()
            view = view_of(place)
        chain.anchor(Store(self.folder).anchor_path, end)
        return view

    @contextmanager
    def _read(self) -> Iterator[Place]:
        with self._place(Store(self.folder).read()) as place:
            yield place

    @contextmanager
    def _write(self) -> Iterator[Place]:
        with self._place(Store(self.folder).write()) as place:
            if not place.locked:
                raise StudyStateError("this study is closed; no more answers are taken")
            yield place

    @contextmanager
    def _place(self, transaction: AbstractContextManager[sqlite3.Connection]) -> Iterator[Place]:
        """Check the link, as it may have been revoked, and find where the reader stands, inside a transaction.

        Raises StorageError for whatever else is the matter with the study: it is the researcher's to mend.
        """
        if not (self.folder / "study.db").is_file():
            raise LinkError
        with ExitStack() as stack:
            try:
                db = stack.enter_context(transaction)
            except InputError as error:
                raise StorageError(str(error)) from error
            place = Place(db, self.token_hash, self.tab_token)
            place.check_link()
            yield place
