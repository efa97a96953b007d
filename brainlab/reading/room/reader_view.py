"""What a reader's tab may know of a study: its texts, the case on screen and how far the reading is.

Nothing here holds a source, label, ratio or score.
"""

from dataclasses import dataclass
from typing import Literal

from brainlab.reading.protocol.questions import Question
from brainlab.reading.room.reader_position import Place, State


@dataclass(frozen=True)
class Presentation:
    """One case on the reader's screen.

    position, total: within its phase, from 1. Hidden repeats are counted and named as `main`.
    shape: of one image's uint8 pixels; [height, width] of a slice, [X, Y, Z] RAS of a volume. voxel_size_mm: one per
        axis. images: those side by side, whose pixels follow one another, row by row; 1 for a single one.
    time_left_s: for which the case may still be looked at, by the server's clock; None without a limit.
    answer_key: an answer sent under it as often as the network likes is saved once.
    """

    id: str
    position: int
    total: int
    phase: Literal["practice", "main"]
    questions: tuple[Question, ...]
    kind: Literal["slice", "volume"]
    shape: tuple[int, ...]
    voxel_size_mm: tuple[float, ...]
    images: int
    time_left_s: float | None
    answer_key: str


@dataclass(frozen=True)
class Room:
    """What the reading room needs to know of the protocol, and all that it may know."""

    reader: str
    round: int
    rounds: int
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
    dark_pause_s: float
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Receipt:
    """An answer that is on disk. saved: False when the same submission had been saved before.

    view: where the reader stands then.
    """

    saved: bool
    feedback: str | None
    view: "View"


@dataclass(frozen=True)
class Progress:
    """Cases of the study itself with every required question answered; practice is counted apart."""

    done: int
    total: int
    practice_done: int
    practice_total: int


@dataclass(frozen=True)
class View:
    """All that a tab shows, read at one moment. current and next are None outside practice and main.

    consented: whether the reader has agreed to take part. opens_at: when a reading that waits for its washout may begin
    (UTC, ISO 8601).
    """

    state: State
    consented: bool
    room: Room
    progress: Progress
    has_lease: bool
    can_undo: bool
    current: Presentation | None
    next: Presentation | None
    opens_at: str | None


def view_of(place: Place) -> View:
    """Return all that a tab shows."""
    state = place.state
    reads = state in ("practice", "main")
    return View(
        state,
        place.consented,
        room_of(place),
        progress_of(place),
        place.holds_lease(),
        place.undoable() is not None,
        presentation_of(place, 0) if reads else None,
        presentation_of(place, 1) if reads else None,
        place.reading["not_before"] if state == "waiting" else None,
    )


def room_of(place: Place) -> Room:
    """Take from the protocol what the reading room needs."""
    p = place.protocol
    return Room(
        reader=place.reading["reader"],
        round=place.reading["round"],
        rounds=p.rounds,
        title=p.reader_title,
        instructions=p.instructions,
        consent=p.consent,
        confidence=p.confidence,
        window=p.window,
        interpolation=p.interpolation,
        plane=p.plane,
        practice=p.practice,
        practice_feedback=p.practice_feedback,
        time_cap_s=p.time_cap_s,
        rest_break_every=p.rest_break_every,
        dark_pause_s=p.dark_pause_s,
        questions=p.all_questions,
    )


def progress_of(place: Place) -> Progress:
    """Count the cases done."""
    done, total = place.counts("completed"), place.counts("presentation")
    return Progress(done["main"], total["main"], done["practice"], total["practice"])


def presentation_of(place: Place, skip: int) -> Presentation | None:
    """Describe the current case, or the next one (`skip` 1), without a word on repeats."""
    row = place.open_case(skip)
    if row is None or place.state in ("closed", "waiting"):
        return None
    total = place.counts("presentation")
    phase: Literal["practice", "main"] = "practice" if row["phase"] == "practice" else "main"
    picture = place.picture(row)
    return Presentation(
        id=row["id"],
        position=row["position"] - (0 if phase == "practice" else total["practice"]),
        total=total[phase],
        phase=phase,
        questions=place.protocol.all_questions,
        kind=row["kind"],
        shape=picture.shape,
        voxel_size_mm=picture.voxel_size_mm,
        images=max(1, len(picture.places)),
        time_left_s=place.time_left_s(row["id"]),
        answer_key=f"{row['id']}.{(row['revision'] or 0) + 1}",
    )
