"""Small studies: real images are bright, fake ones dark, so that a test can see which is which."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.composition import practice_counts
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.room.session import ReaderSession

SHAPE = (12, 10)
LAYOUTS: dict[str, dict[str, Any]] = {
    "single": {},
    "quartets": {
        "questions": (ONE_REAL,),
        "sources": (Source(kind="cohort", name="people", n=10), Source(kind="run", name="machine", n=30)),
        "repeats_share": 0.2,
    },
}
"""Changes to a protocol for which leaks are looked for: one image a case, or four of which one is real."""


def build_protocol(**changes: Any) -> Protocol:
    """Return a protocol of 10 real and 10 fake cases, two readers, two practice cases and no breaks."""
    values: dict[str, Any] = {
        "title": "Bright against dark",
        "sources": (Source(kind="cohort", name="people", n=10), Source(kind="run", name="machine", n=10)),
        "readers": (Reader(code="A", name="Ann Example", experience_years=7), Reader(code="B")),
        "practice": 2,
        "rest_break_every": 0,
        "seed": 3,
    }
    return Protocol(**{**values, **changes})


def build_cases(protocol: Protocol) -> list[Case]:
    """Return as many distinct cases as a protocol of one real and one fake source asks for, before they are grouped."""
    random = np.random.default_rng(0)
    first, cases = protocol.questions[0], []
    for source, practice in zip(
        protocol.sources, practice_counts(first, ["real", "fake"], protocol.practice), strict=True
    ):
        for place in range(source.n + practice):
            low, high = (150, 250) if source.truth == "real" else (20, 100)
            cases.append(
                Case(
                    pixels=random.integers(low, high, SHAPE, dtype=np.uint8),
                    voxel_size_mm=(4.0, 4.0),
                    label=source.truth,
                    source=source.name,
                    practice=place >= source.n,
                    disease_class="healthy" if source.truth == "real" else None,
                    seed=place,
                )
            )
    return cases


def sealable(protocol: Protocol) -> list[Case]:
    """Return the cases of `build_cases` as they are sealed: grouped where a case is several images."""
    cases = build_cases(protocol)
    return group_cases(cases, protocol.questions[0], np.random.default_rng(0)) if protocol.grouped else cases


@dataclass
class Study:
    """A locked study with its readers' tokens."""

    folder: Path
    tokens: dict[str, str]

    def session(self, reader: str = "A", tab: str = "first tab of the day") -> ReaderSession:
        return ReaderSession.open(self.folder, self.tokens[reader], tab)

    def enter(self, reader: str = "A", tab: str = "first tab of the day", takeover: bool = False) -> ReaderSession:
        """Return a session that is past welcome and consent and holds the lease."""
        session = self.session(reader, tab)
        session.acquire_lease(takeover)
        session.record_event("welcome_done")
        session.record_event("consent_given")
        return session

    def truth_of(self, session: ReaderSession, presentation: str) -> str:
        """Tell real from fake, or which of several images is real, as a perfect reader would: by brightness."""
        pixels, shape = session.pixels(presentation)
        grey = np.frombuffer(pixels, np.uint8).reshape(-1, *SHAPE).mean(axis=(1, 2))
        if len(shape) > len(SHAPE):
            return str(grey.argmax() + 1)
        return "real" if grey[0] > 125 else "fake"

    def read_all(self, reader: str = "A", wrong_every: int = 0) -> int:
        """Answer every case correctly, but for every n-th, and return how many were answered."""
        session, count = self.enter(reader, takeover=True), 0
        while case := session.current():
            count += 1
            value = self.truth_of(session, case.id)
            if wrong_every and count % wrong_every == 0:
                value = {"real": "fake", "fake": "real"}[value]
            session.answer(case.id, value, confidence=4, idempotency_key=case.answer_key, active_ms=900)
        return count


@pytest.fixture
def make_protocol() -> Callable[..., Protocol]:
    return build_protocol


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def layout(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return changes to a protocol: of single images, then of quartets."""
    return dict(request.param)


@pytest.fixture
def make_cases() -> Callable[[Protocol], list[Case]]:
    return build_cases


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[..., Study]:
    """Return a function that makes a locked study; its arguments change the protocol."""

    def make(**changes: Any) -> Study:
        protocol = build_protocol(**changes)
        folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
        seal(folder, sealable(protocol), {"probe": None})
        return Study(folder, {link.reader: link.token for link in lifecycle.issue_links(folder)})

    return make


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    """Return a locked study of 20 cases, 2 repeats and 2 practice cases for each of two readers."""
    return make_study()
