"""The reading room's page and routes: a reader's whole way, and what they refuse to say."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from app import navigation
from app.server.routes import asset_path
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.record.sealing import Case, seal

PAGE = Path(__file__).resolve().parents[4] / "pages" / "reading_room.py"
TAB = "0123456789abcdef"


class Room:
    """One browser tab of one reader, without the browser."""

    def __init__(self, client: Any, link: dict[str, str], tab: str = TAB) -> None:
        self.client = client
        self.link = {**link, "tab": tab}

    def act(self, name: str, **body: Any) -> tuple[int, dict[str, Any]]:
        reply = self.client.post(f"/brainlab/reading/{name}", json.dumps({**self.link, **body}).encode())
        return reply.status_code, json.loads(reply.content)

    def begin(self) -> dict[str, Any]:
        self.act("enter")
        self.act("event", kind="welcome_done")
        return self.act("event", kind="consent_given")[1]

    def answer(self, view: dict[str, Any], value: str = "real", **changes: Any) -> tuple[int, dict[str, Any]]:
        case = view["current"]
        body = {"presentation": case["id"], "key": case["answer_key"], "value": value, "confidence": 3, **changes}
        return self.act("answer", **body)

    def pixels(self, presentation: str) -> Any:
        headers = {f"x_{name}": value for name, value in self.link.items()}
        return self.client.get(f"/brainlab/reading/pixels/{presentation}", **headers)


@pytest.fixture
def link(workspace: Path) -> dict[str, str]:
    """Return study and token of a reader of a locked study with four cases, two of them called GiveAway."""
    random = np.random.default_rng(0)
    protocol = Protocol(
        title="SecretTitle",
        sources=(Source(kind="cohort", name="GiveAwayPeople", n=2), Source(kind="run", name="GiveAwayModel", n=2)),
        readers=(Reader(code="R1"), Reader(code="R2")),
        practice=0,
        repeats_share=0,
    )
    folder = lifecycle.study_folder(lifecycle.create_study(protocol))
    cases = [
        Case(random.integers(0, 255, (8, 6), dtype=np.uint8), (1.0, 1.0), source.truth, source.name)
        for source in protocol.sources
        for _ in range(source.n)
    ]
    seal(folder, cases, {})
    return {"study": folder.name, "token": lifecycle.issue_links(folder)[0].token}


@pytest.fixture
def room(client, link) -> Room:
    return Room(client, link)


def test_a_reader_goes_from_welcome_to_thanks(room, link):
    status, view = room.act("enter")
    assert (status, view["state"], view["writable"]) == (200, "welcome", True)
    assert view["current"] is None
    assert view["question"]["options"] == ["real", "fake"]
    view = room.begin()
    seen = []
    while view["state"] == "main":
        seen.append(view["current"]["id"])
        status, view = room.answer(view)
        assert status == 200
    assert (view["state"], len(set(seen)), view["progress"]["done"]) == ("done", 4, 4)
    assert integrity.verify(lifecycle.study_folder(link["study"])).answers == 4


def test_pixels_are_those_stored_and_only_of_the_case_at_hand(room, client):
    view = room.begin()
    reply = room.pixels(view["current"]["id"])
    assert reply.status_code == 200
    assert len(reply.content) == 48
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-encoding"] == "identity"
    assert room.pixels(view["next"]["id"]).status_code == 200
    assert room.pixels("0" * 24).status_code == 409
    stranger = Room(client, {**room.link, "token": "x" * 43})
    assert stranger.pixels(view["current"]["id"]).status_code == 403


def test_nothing_that_is_sent_says_what_a_case_is(room):
    view = room.begin()
    sent = json.dumps([room.act("enter"), view, room.answer(view), room.act("undo")])
    for secret in ("GiveAway", "SecretTitle", "label", "source", "participant", "score", "R2"):
        assert secret not in sent.replace("real or fake", "")


def test_an_answer_sent_twice_is_saved_once_and_can_be_taken_back(room):
    view = room.begin()
    room.answer(view)
    status, again = room.answer(view)
    assert (status, again["progress"]["done"]) == (200, 1)
    status, back = room.act("undo")
    assert (back["current"]["id"], back["progress"]["done"]) == (view["current"]["id"], 0)
    assert room.act("undo")[0] == 409


def test_a_second_tab_reads_only_until_it_takes_over(room, client, link):
    view = room.begin()
    second = Room(client, link, "f" * 16)
    assert second.act("enter")[1]["writable"] is False
    second.act("event", kind="welcome_done")
    assert second.answer(view)[1]["kind"] == "lease"
    assert second.act("enter", takeover=True)[1]["writable"] is True
    assert room.answer(view)[1]["kind"] == "lease"


def test_a_reload_inherits_only_the_lease_of_its_own_page(room, client, link):
    room.begin()
    second = Room(client, link, "f" * 16)
    assert second.act("enter")[1]["writable"] is False
    assert Room(client, link, "e" * 16).act("enter", previous="f" * 16)[1]["writable"] is False
    assert room.act("enter")[1]["writable"] is True
    assert Room(client, link, "d" * 16).act("enter", previous=TAB)[1]["writable"] is True


def test_after_a_reload_on_the_last_screen_the_last_answer_can_be_taken_back(room, client, link):
    view = room.begin()
    while view["state"] == "main":
        view = room.answer(view)[1]
    reloaded = Room(client, link, "f" * 16)
    view = reloaded.act("enter", previous=TAB)[1]
    assert (view["state"], view["can_undo"], view["writable"]) == ("done", True, True)
    status, view = reloaded.act("undo")
    assert (status, view["progress"]["done"]) == (200, 3)


def test_wrong_links_and_bodies_are_refused_without_a_hint(room, client, link):
    for wrong in ({"token": "x"}, {"study": "none"}, {"study": "../" + link["study"]}):
        status, said = Room(client, {**link, **wrong}).act("enter")
        assert (status, said["kind"]) == (403, "link")
        assert link["study"] not in said["error"]
    assert client.post("/brainlab/reading/enter", b"[]").status_code == 400
    assert client.post("/brainlab/reading/enter", b"{").status_code == 400
    assert client.post("/brainlab/reading/truth", b"{}").status_code == 404
    assert client.post("/brainlab/reading/enter", b" " * 30_000).status_code == 404
    assert room.act("event", kind="made up")[0] == 409
    view = room.begin()
    assert room.answer(view, value="perhaps")[0] == 409
    assert room.answer(view, confidence=9)[0] == 409


def test_below_a_path_the_routes_answer_there_and_nowhere_else(client, link, monkeypatch):
    body = json.dumps({**link, "tab": TAB}).encode()
    option = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "/lab/" if name == "server.baseUrlPath" else option(name))
    below = type(client)(Starlette(routes=navigation.routes()))
    assert below.post("/lab/brainlab/reading/enter", body).status_code == 200
    assert below.post("/brainlab/reading/enter", body).status_code == 404
    assert below.get(asset_path("volume_viewer/viewer/viewer.js")).status_code == 200


def test_a_closed_study_takes_no_answer(room, link):
    view = room.begin()
    lifecycle.close(lifecycle.study_folder(link["study"]))
    assert room.answer(view)[0] == 409
    assert room.act("enter")[1]["state"] == "closed"


def test_the_page_carries_nothing_but_the_link(link):
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.query_params.update(link)
    page.run()
    assert not page.exception
    assert not page.error
    carried = " ".join(str(getattr(element, "proto", "")) for element in page.main)
    assert link["token"] in carried
    assert "SecretTitle" not in carried
    assert "GiveAway" not in carried


def test_a_damaged_study_names_no_path_to_the_reader(link):
    folder = lifecycle.study_folder(link["study"])
    for path in folder.glob("study.db*"):
        path.unlink()
    (folder / "study.db").write_bytes(b"not a database" * 90)
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.query_params.update(link)
    page.run()
    assert not page.exception
    assert "cannot be opened at the moment" in page.error[0].value
    assert str(folder.parent) not in page.error[0].value
    shutil.rmtree(folder)


def test_the_page_refuses_a_wrong_link(link):
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.query_params.update({**link, "token": "wrong"})
    page.run()
    assert "not valid" in page.error[0].value
