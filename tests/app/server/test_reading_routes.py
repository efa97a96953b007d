"""The reading room's routes under attack: nothing that is sent gets a path, a name, a traceback or a later image."""

import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL, VERDICT
from brainlab.reading.record import integrity
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.record.store import Store

TAB = "0123456789abcdef"
SECRETS = ("GiveAway", "SecretTitle", "Traceback", "truth", "sqlite", ".db", ".py", "/tmp", "studies")


class Attacker:
    """A reader with a link who sends whatever comes to mind."""

    def __init__(self, client: Any, folder: Path, token: str, value: str) -> None:
        self.client, self.folder, self.value = client, folder, value
        self.link = {"study": folder.name, "token": token, "tab": TAB}

    def send(self, act: str, **body: Any) -> Any:
        return self.client.post(f"/brainlab/reading/{act}", json.dumps({**self.link, **body}).encode())

    def view(self, act: str = "enter", **body: Any) -> dict[str, Any]:
        reply = self.send(act, **body)
        assert reply.status_code == 200, reply.content
        return json.loads(reply.content)

    def begin(self) -> dict[str, Any]:
        self.view()
        self.view("event", kind="welcome_done")
        return self.view("event", kind="consent_given")

    def answer(self, view: dict[str, Any]) -> dict[str, Any]:
        case = view["current"]
        body = {"presentation": case["id"], "key": case["answer_key"], "value": self.value, "confidence": 3}
        return self.view("answer", **body)

    def pixels(self, presentation: str, **changes: str) -> Any:
        headers = {f"x_{name}": value for name, value in {**self.link, **changes}.items()}
        return self.client.get(f"/brainlab/reading/pixels/{presentation}", **headers)


def images_of(body: bytes, view: dict[str, Any]) -> list[bytes]:
    """The images of a case as they stand."""
    size = len(body) // view["current"]["images"]
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.fixture(params=[VERDICT, ONE_REAL], ids=["single", "quartets"])
def attack(request, client, tmp_path, monkeypatch):
    """Return a function that locks a study (bright is real) and returns an attacker for each of its two readers.

    n: half the number of cases, which are single images, then quartets of which one image is real.
    """
    monkeypatch.setattr("brainlab.reading.desk.lifecycle.studies_folder", lambda: tmp_path / "studies")
    question = request.param
    images = {"real": 1, "fake": 1} if question is VERDICT else {"real": 2, "fake": 6}

    def make(n: int = 3, side: int = 8, **changes: Any) -> list[Attacker]:
        random = np.random.default_rng(0)
        people = Source(kind="cohort", name="GiveAwayPeople", n=n * images["real"])
        machine = Source(kind="run", name="GiveAwayModel", n=n * images["fake"])
        protocol = Protocol(
            title="SecretTitle",
            sources=(people, machine),
            readers=(Reader(code="R1", name="Ann"), Reader(code="R2")),
            questions=(question,),
            **{"practice": 0, "repeats_share": 0.0, "rest_break_every": 0, **changes},
        )
        folder = lifecycle.study_folder(lifecycle.create_study(protocol))
        cases = []
        for source in protocol.sources:
            drills = protocol.practice // 2 * images[source.truth]
            for place in range(source.n + drills):
                low = 150 if source.truth == "real" else 20
                pixels = random.integers(low, low + 80, (side, side), dtype=np.uint8)
                cases.append(Case(pixels, (1.0, 1.0), source.truth, source.name, practice=place >= source.n))
        seal(folder, group_cases(cases, question, random) if protocol.grouped else cases, {})
        value = (question.places or question.options)[0]
        return [Attacker(client, folder, link.token, value) for link in lifecycle.issue_links(folder)]

    return make


NONSENSE: list[Any] = [
    None, True, -1, 0, 3.5, 1e308, 10**30, "", "x", "x" * 5000, "\ud800", "\x00", "' OR 1=1 --", "../../etc/passwd", [],
    ["real"], {}, {"a": 1}, [[[]]], {"presentation": "x", "alive_at": "abc"}, {"alive_at": 3},
]  # fmt: skip


def _quiet(reply: Any) -> None:
    """Assert that a reply refuses in plain words and names nothing."""
    assert reply.status_code in (200, 400, 403, 404, 405, 409, 503), (reply.status_code, reply.content)
    text = reply.content.decode()
    for secret in SECRETS:
        assert secret not in text, text


def test_no_field_however_wrong_breaks_a_route_or_gets_a_name(attack):
    reader, _ = attack()
    case = reader.begin()["current"]
    whole = {"presentation": case["id"], "key": "k", "value": reader.value, "confidence": 3, "kind": "paused"}
    for act in ("enter", "event", "answer", "undo"):
        for field in (
            "study", "token", "tab", "presentation", "key", "value", "confidence", "cue", "others", "shown_at",
            "active_ms", "kind", "detail", "previous", "takeover",
        ):  # fmt: skip
            for wrong in NONSENSE:
                _quiet(reader.send(act, **{**whole, field: wrong}))
    assert integrity.verify(reader.folder).ok


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"NaN", b"[" * 19_000, b'{"study":' * 2_000, b"a" * 50_000,
        b'{"study": 1e999, "token": 1e999, "tab": 1e999}',
    ],
)  # fmt: skip
def test_no_body_breaks_a_route(attack, body):
    reader, _ = attack()
    for act in ("enter", "event", "answer", "undo", "nothing", "pixels", "..%2f..%2ftruth.db"):
        _quiet(reader.client.post(f"/brainlab/reading/{act}", body))


def test_numbers_without_end_are_not_understood(attack):
    reader, _ = attack()
    case = reader.begin()["current"]
    for number in ("1e999", "NaN", "-Infinity", "9" * 400):
        whole = {**reader.link, "presentation": case["id"], "key": "k", "value": reader.value, "confidence": 3}
        body = json.dumps(whole)
        reply = reader.client.post("/brainlab/reading/answer", f'{body[:-1]}, "active_ms": {number}}}'.encode())
        assert reply.status_code in (400, 409)
        _quiet(reply)
    assert integrity.verify(reader.folder).events == 0


def test_a_study_of_a_later_version_names_no_file(attack):
    """Whatever is the matter with the file is the researcher's to know."""
    reader, _ = attack()
    with sqlite3.connect(reader.folder / "study.db") as db:
        db.execute("PRAGMA user_version = 99")
    for reply in (reader.send("enter"), reader.pixels("0" * 24)):
        assert reply.status_code == 503
        _quiet(reply)


def test_pixels_of_others_and_of_later_cases_are_refused_alike(attack):
    first, second = attack()
    stranger = attack()[0]
    view, other = first.begin(), second.begin()
    stranger.begin()
    with Store(first.folder).read() as db:
        later = [row[0] for row in db.execute("SELECT id FROM presentation WHERE reading = 1 AND position > 2")]
        stimuli = [row[0] for row in db.execute("SELECT id FROM stimulus")]
    tries = [*later, *stimuli, other["current"]["id"], "%", "_", "*", "1", "1 OR 1=1", "..", "%00", "truth.db"]
    told = {(reply.status_code, reply.content) for reply in map(first.pixels, tries)}
    assert len(told) == 1
    assert {reply.status_code for reply in map(stranger.pixels, [view["current"]["id"], *later])} == {409}
    assert first.pixels(view["current"]["id"], token=stranger.link["token"]).status_code == 403
    assert first.pixels(view["current"]["id"], study=stranger.link["study"]).status_code == 403
    assert first.pixels(view["current"]["id"]).status_code == 200


def test_replies_to_real_and_fake_differ_in_nothing_but_pixels(attack):
    """Headers, their order, status and every length are the same, byte for byte; nothing names the content."""
    reader, _ = attack(n=10, repeats_share=0.2)
    view, headers, lengths, bodies = reader.begin(), set(), set(), []
    while view["state"] == "main":
        reply = reader.pixels(view["current"]["id"])
        headers.add(tuple(reply.headers.items()))
        lengths.add(len(reply.content))
        bodies.append(tuple(sorted(images_of(reply.content, view))))
        fields = {**view, "current": None, "next": None, "progress": None, "can_undo": None, "feedback": None}
        lengths.add(f"view {len(json.dumps(fields))}")
        view = reader.answer(view)
    assert len(bodies) == 24
    assert len(set(bodies)) == 20, "four hidden repeats, of the same images"
    assert len(headers) == 1
    assert not {"etag", "last-modified", "x-source", "server-timing", "set-cookie"} & {
        name for name, _ in headers.pop()
    }
    assert len(lengths) == 2


def test_ids_of_pixels_are_not_those_of_content(attack):
    """No id that a reader gets is a hash of the image, and a repeat's is new."""
    reader, other = attack(n=5, repeats_share=0.2)
    view, seen, ids = reader.begin(), {}, []
    while view["state"] == "main":
        body = reader.pixels(view["current"]["id"]).content
        images = images_of(body, view)
        digests = {
            hashlib.new(name, part).hexdigest()
            for name in ("md5", "sha1", "sha224", "sha256")
            for part in (body, *images)
        }
        assert not any(view["current"]["id"] in digest for digest in digests)
        seen.setdefault(tuple(sorted(images)), []).append(view["current"]["id"])
        ids.append(view["current"]["id"])
        view = reader.answer(view)
    assert sorted(len(found) for found in seen.values())[-1] == 2
    assert len(set(ids)) == len(ids)
    other_view, other_ids = other.begin(), []
    while other_view["state"] == "main":
        other_ids.append(other_view["current"]["id"])
        other_view = other.answer(other_view)
    assert not set(ids) & set(other_ids), "two readers who compare notes have no id in common"


def test_real_and_fake_take_the_same_time_to_load(attack):
    """Or, side by side, a case whose real image stands in the upper row and one where it stands in the lower."""
    reader, _ = attack(n=60, side=384)
    view, times = reader.begin(), {True: [], False: []}
    while view["state"] == "main":
        for _ in range(3):
            began = time.perf_counter()
            body = reader.pixels(view["current"]["id"]).content
            taken = time.perf_counter() - began
        grey = [np.frombuffer(image, np.uint8).mean() for image in images_of(body, view)]
        times[bool(np.argmax(grey) < 2) if len(grey) > 1 else bool(grey[0] > 125)].append(taken)
        view = reader.answer(view)
    found, others = len(times[True]), len(times[False])
    assert found + others == 120
    assert min(found, others) > 30
    area = mannwhitneyu(times[True], times[False]).statistic / (found * others)
    assert 0.3 < area < 0.7, f"loading times tell real from fake with an area of {area:.2f}"


def test_the_view_says_nothing_of_ratio_score_or_others(attack):
    """Every word that a room gets, with the keys, is one of a known few."""
    reader, other = attack(n=4, practice=2, practice_feedback=True)
    view = reader.begin()
    known = {
        "state", "consented", "room", "progress", "writable", "can_undo", "opens_at", "round", "rounds", "question",
        "current", "next", "feedback",
        "reader", "title", "instructions", "consent", "confidence", "window", "interpolation", "plane", "practice",
        "practice_feedback", "dark_pause_s", "time_cap_s", "rest_break_every", "questions", "key", "kind", "text",
        "options", "wanted", "required", "done", "total", "practice_done", "practice_total", "id", "position", "phase",
        "shape", "voxel_size_mm", "answer_key", "low", "high", "images", "time_left_s",
    }  # fmt: skip
    told = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            assert set(value) <= known, set(value) - known
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    while view["state"] in ("practice", "main"):
        walk(view)
        if view.get("feedback"):
            told.append((view["progress"]["done"], view["feedback"]))
        view = reader.answer(view)
    assert told, "practice is explained"
    assert all(done == 0 for done, _ in told), "and nothing after it"
    assert json.loads(other.send("enter").content)["progress"]["done"] == 0


@pytest.mark.parametrize("how", ["revoked", "reissued", "expired", "withdrawn"])
def test_a_link_that_ends_stops_an_open_tab_at_once_and_keeps_the_answers(attack, how):
    reader, _ = attack()
    view = reader.answer(reader.begin())
    if how == "revoked":
        lifecycle.revoke_link(reader.folder, "R1")
    elif how == "withdrawn":
        lifecycle.withdraw_reader(reader.folder, "R1")
    else:
        lifecycle.issue_links(
            reader.folder, readers=["R1"], reissue=True, valid_days=1e-9 if how == "expired" else None
        )
    case = view["current"]
    for reply in (
        reader.send("answer", presentation=case["id"], key=case["answer_key"], value=reader.value, confidence=3),
        reader.send("enter", takeover=True),
        reader.send("undo"),
        reader.send("event", kind="paused"),
        reader.pixels(case["id"]),
    ):
        assert reply.status_code == 403
        assert json.loads(reply.content)["kind"] == "link"
    assert integrity.verify(reader.folder).answers == 1


def test_a_link_past_its_day_is_refused_in_the_tab_that_had_it_open(attack):
    reader, _ = attack()
    reader.link["token"] = lifecycle.issue_links(reader.folder, readers=["R1"], reissue=True, valid_days=0.4 / 86400)[
        0
    ].token
    view = reader.answer(reader.begin())
    time.sleep(0.5)
    assert reader.pixels(view["current"]["id"]).status_code == 403
    assert integrity.verify(reader.folder).answers == 1
