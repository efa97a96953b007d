"""What happens to a reader's browser, network and server in the middle of a study: each answer is saved once.

The images are noise, so that only the answers' way to the disk is at stake.
"""

import re
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.record.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CASE = ".rr[data-case] .rr-panel:not(.rr-locked)"
"""A case that takes answers."""

HELD_UP = "**/brainlab/reading/answer"


class Room:
    """One tab of a reader, and what the reader knows to be saved."""

    def __init__(self, page: Page, folder: Path, link: str) -> None:
        self.page, self.folder, self.link = page, folder, link
        self.given: dict[str, str] = {}
        page.set_default_timeout(60_000)
        page.goto(link)

    def begin(self) -> None:
        """Go through instructions and, the first time, consent."""
        self.page.get_by_role("button", name="I see all steps").wait_for()
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(f"{CASE}, h1:text-is('Consent')")
        if self.page.locator("h1:text-is('Consent')").count():
            self.page.get_by_role("button", name="I agree").click()
        self.case()

    def case(self) -> str:
        """Wait for a case that takes answers and return its id."""
        self.page.wait_for_selector(CASE)
        return str(self.page.locator(".rr").get_attribute("data-case"))

    def press(self, keys: str) -> str:
        """Press an answer's keys and return the case that it is for."""
        case = self.case()
        for key in keys:
            self.page.keyboard.press(key)
        self.given[case] = {"f": "fake", "j": "real"}[keys[0]]
        return case

    def gone(self, case: str) -> None:
        """Wait until a case is not on the screen any more."""
        self.page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached")

    def answer(self, keys: str = "f4") -> None:
        self.gone(self.press(keys))

    def check(self) -> None:
        """What the reader knows is on disk, once, and nothing else."""
        with Store(self.folder).read() as db:
            kept = dict(tuple(row) for row in db.execute("SELECT presentation, value FROM answer"))
            events = Counter(row[0] for row in db.execute("SELECT presentation FROM answer_event"))
        assert kept == self.given
        assert set(events.values()) <= {1}
        assert integrity.verify(self.folder).ok


@pytest.fixture
def study(reading_server) -> Callable[..., tuple[Path, str]]:
    """Return a function that locks a study of eight images of noise and returns its folder and a reader's link."""

    def lock(**changes: Any) -> tuple[Path, str]:
        protocol = Protocol(
            **{
                "title": "Faults",
                "sources": (Source(kind="cohort", name="a", n=4), Source(kind="run", name="b", n=4)),
                "readers": (Reader(code="R1"),),
                "practice": 0,
                "repeats_share": 0,
                "rest_break_every": 0,
                **changes,
            }
        )
        random, cases = np.random.default_rng(0), []
        for source in protocol.sources:
            for place in range(source.n + protocol.practice // 2):
                pixels = random.integers(0, 256, (48, 40), np.uint8)
                cases.append(Case(pixels, (4.0, 4.0), source.truth, source.name, practice=place >= source.n))
        root = reading_server.workspace / "studies"
        folder = lifecycle.study_folder(lifecycle.create_study(protocol, root), root)
        seal(folder, cases, {})
        return folder, lifecycle.issue_links(folder, reading_server.url)[0].url

    return lock


@pytest.fixture
def enter(browser: Browser, study) -> Iterator[Callable[..., Room]]:
    """Return a function that opens a new study in a browser of its own; an error of its scripts fails the test."""
    contexts, errors = [], []

    def opened(**changes: Any) -> Room:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return Room(page, *study(**changes))

    yield opened
    for context in contexts:
        context.close()
    assert not errors


def test_a_double_click_and_a_double_key_save_once(enter) -> None:
    room = enter()
    room.begin()
    case = room.case()
    room.page.get_by_role("button", name=re.compile("^Real")).dblclick()
    room.page.get_by_role("button", name=re.compile("^(confidence )?3")).dblclick()
    room.given[case] = "real"
    room.gone(case)
    room.case()
    room.check()
    room.answer("ff44")
    room.answer("j2")
    room.case()
    room.page.keyboard.press("2")
    assert room.page.locator(".rr-level.rr-on").count() == 0, "a double press is no confidence in the next case"
    room.check()


def test_a_double_key_agrees_to_nothing_and_passes_no_screen_unread(enter) -> None:
    room = enter(practice=2, practice_feedback=True, consent="one line " * 400)
    room.page.get_by_role("button", name="I see all steps").wait_for()
    for _ in range(3):
        room.page.keyboard.press("Enter")
    room.page.wait_for_timeout(400)
    assert room.page.locator("h1").inner_text() == "Consent"
    with Store(room.folder).read() as db:
        assert db.execute("SELECT count(*) FROM session_event").fetchone()[0] == 0
    room.page.keyboard.press("Enter")
    room.answer()
    room.page.get_by_role("button", name="Next image").wait_for()
    room.check()


def test_screens_say_what_is_ahead_and_how_far_the_reader_is(enter) -> None:
    room = enter(practice=2, practice_feedback=True, time_cap_s=60.0)
    page, foot = room.page, room.page.locator(".rr-foot")
    page.get_by_text("The first 2 images are for practice and do not count; 8 images follow.").wait_for()
    page.get_by_text("Each image is shown for at most 60 seconds").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I do not agree").click()
    assert foot.inner_text() == "", "who does not take part has done 0 of nothing"
    page.get_by_role("button", name="Back to the consent").click()
    expect(foot).to_contain_text("0 of 8 images done")
    page.get_by_role("button", name="I agree").click()
    room.case()
    for number, said in ((1, "Only practice images are explained."), (2, "Practice is over: the next image counts")):
        expect(foot).to_contain_text(f"Practice {number} of 2")
        room.answer()
        page.get_by_text(said).wait_for()
        expect(foot).to_contain_text(f"Practice {number} of 2")
        page.get_by_role("button", name="Next image").click()
        room.case()
    expect(foot).to_contain_text("Image 1 of 8")
    room.answer()
    room.case()
    page.reload()
    page.get_by_text("1 of 8 images is done, and everything is saved. You continue where you stopped.").wait_for()


def test_a_reload_at_every_stage_goes_on_where_it_was(enter) -> None:
    room = enter(practice=2, practice_feedback=True, rest_break_every=4)
    page = room.page

    def again() -> None:
        page.reload()
        page.get_by_role("button", name="I see all steps").wait_for()

    again()  # at the instructions
    page.keyboard.press("Enter")
    page.locator("h1:text-is('Consent')").wait_for()
    again()  # at the consent
    room.begin()
    again()  # at a practice case
    room.begin()
    room.answer()
    page.get_by_role("button", name="Next image").wait_for()
    again()  # at what a practice image was
    room.begin()
    room.answer("j1")
    page.get_by_role("button", name="Next image").click()
    room.answer()
    page.keyboard.press("f")  # half an answer is none
    again()
    room.begin()
    page.keyboard.press("p")
    page.locator("h1:text-is('Paused')").wait_for()
    again()  # at a pause
    room.begin()
    for _ in range(3):
        room.answer("j5")
    page.locator("h1:text-is('Time for a short break')").wait_for()
    page.reload()
    page.get_by_role("button", name="I see all steps").click()
    page.locator("h1:text-is('Time for a short break')").wait_for()
    room.check()
    page.keyboard.press("Enter")
    for _ in range(4):
        room.answer()
    page.locator("h1:text-is('Thank you')").wait_for()
    page.reload()
    page.locator("h1:text-is('Thank you')").wait_for()
    assert len(room.given) == 10
    room.check()


def test_the_back_button_loses_nothing(enter) -> None:
    room = enter()
    room.begin()
    room.answer()
    room.case()
    room.page.go_back()
    assert room.page.url == "about:blank"
    room.page.go_forward()
    room.page.wait_for_selector(f"{CASE}, .rr-card h1")
    if not room.page.locator(CASE).count():
        room.begin()
    room.answer("j2")
    room.case()
    room.check()


def test_a_lost_network_is_waited_for(enter) -> None:
    room = enter()
    room.begin()
    room.answer()
    room.case()
    room.page.context.set_offline(True)
    case = room.press("j5")
    room.page.get_by_text("No connection to the server").wait_for()
    expect(room.page.get_by_role("alert")).to_have_text(re.compile(r"^[^\n]*Trying again; earlier answers are kept\.$"))
    assert room.page.locator(f".rr[data-case='{case}']").count(), "the case stays until it is saved"
    room.page.context.set_offline(False)
    room.gone(case)
    room.case()
    expect(room.page.get_by_role("alert")).to_be_hidden()
    room.check()


def test_an_answer_whose_reply_is_lost_is_sent_again_and_saved_once(enter) -> None:
    room = enter()
    room.begin()
    lost = []

    def lose(route: Route) -> None:
        if len(lost) < 3:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    room.page.route(HELD_UP, lose)
    room.answer("j1")
    room.case()
    assert lost == [200, 200, 200]
    room.answer()
    room.case()
    room.check()


def test_a_reload_while_an_answer_is_on_its_way_shows_the_next_case(enter) -> None:
    room = enter()
    room.begin()
    room.page.route(HELD_UP, lambda route: (route.fetch(), reached.append(None)))  # the reply never comes
    reached: list[None] = []
    case = room.press("j1")
    for _ in range(100):
        if reached:
            break
        room.page.wait_for_timeout(50)
    room.check()
    room.page.unroute(HELD_UP)
    room.page.reload()
    room.begin()
    assert room.case() != case
    expect(room.page.locator(".rr-foot")).to_contain_text("Image 2 of 8")
    room.answer()
    room.case()
    room.check()


def test_a_server_that_dies_with_the_reply_in_its_hand_is_waited_for(enter, reading_server) -> None:
    room = enter()
    room.begin()
    room.answer()
    room.case()
    killed = []

    def kill(route: Route) -> None:
        if not killed:
            killed.append(route.fetch().status)
            reading_server.kill()
        route.abort("connectionreset") if reading_server.process.poll() is not None else route.continue_()

    room.page.route(HELD_UP, kill)
    case = room.press("j4")
    room.page.get_by_text("No connection to the server").wait_for()
    room.check()
    reading_server.start()
    room.gone(case)
    room.answer()
    room.case()
    assert killed == [200]
    room.check()


def test_a_second_tab_reads_only_until_it_takes_over_and_each_answer_is_saved_once(enter) -> None:
    room = enter()
    room.begin()
    room.answer()
    room.case()
    other = Room(room.page.context.new_page(), room.folder, room.link)
    other.page.locator("h1:text-is('Open in another tab')").wait_for()
    for key in "f4":
        other.page.keyboard.press(key)
    room.page.bring_to_front()
    room.answer("j2")
    room.case()
    room.check()

    other.page.bring_to_front()
    other.page.get_by_role("button", name="Continue here").click()
    other.begin()
    same = other.case()
    room.page.bring_to_front()
    assert room.case() == same
    room.page.keyboard.press("j")
    room.page.keyboard.press("5")  # refused: this tab does not read any more
    room.page.get_by_role("button", name="Continue here").wait_for()
    room.check()
    other.page.bring_to_front()
    other.given = room.given
    other.answer("f1")
    other.case()
    other.check()

    room.page.bring_to_front()
    room.page.get_by_role("button", name="Continue here").click()
    room.answer("j3")
    room.case()
    room.check()


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process's files")
def test_a_full_disk_is_said_in_one_line_and_reading_goes_on_when_there_is_room(enter, reading_server) -> None:
    room = enter()
    room.begin()
    room.answer()
    room.case()
    server = reading_server.process.pid
    soft, hard = resource.prlimit(server, resource.RLIMIT_FSIZE)
    resource.prlimit(server, resource.RLIMIT_FSIZE, (1024, hard))  # no file has room for an answer
    try:
        case = room.press("j5")
        said = "The answer could not be saved. Trying again; earlier answers are kept."
        room.page.get_by_text(said).wait_for()
        assert integrity.verify(room.folder).answers == 1
    finally:
        resource.prlimit(server, resource.RLIMIT_FSIZE, (soft, hard))
    room.gone(case)
    room.answer()
    room.case()
    expect(room.page.get_by_role("alert")).to_be_hidden()
    room.check()
