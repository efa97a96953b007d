"""Every kind of question in a real browser, by keys alone and by mouse, to what is exported."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_FAKE, ONE_REAL, RANKING, VERDICT, WHICH, Question
from brainlab.reading.record import integrity
from brainlab.reading.record.store import Store
from brainlab.reading.report.export import answers_frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
expect.set_options(timeout=60_000)

SCALE = Question(key="quality", kind="scale", text="How good?", options=("bad", "good"), low=0, high=10)
PLACE = Question(key="where", kind="place", text="Where is it?")
CHOICE = Question(key="artefact", kind="choice", text="Which?", options=("none", "blur", "noise"))
TEXT = Question(key="remarks", kind="text", text="Remarks?", required=False)
ALL = (VERDICT, SCALE, PLACE, CHOICE, TEXT)


@pytest.fixture
def locked(reading_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Path, str]]]:
    """Return a function that locks a study of two cases of each source and returns its folder and link.

    The studies are taken away afterwards: other tests begin at a desk without any.
    """
    made: list[Path] = []

    def make(**changes: Any) -> tuple[Path, str]:
        monkeypatch.setenv("BRAINLAB_WORKSPACE", str(reading_server.workspace))
        monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
        protocol = Protocol(
            title="Kinds",
            readers=(Reader(code="R1"),),
            **{"sources": _sources(2, 2), "practice": 0, "repeats_share": 0, **changes},
        )
        folder = lifecycle.study_folder(lifecycle.create_study(protocol))
        made.append(folder)
        lock_study(folder, override="untrained run of a test")
        return folder, lifecycle.issue_links(folder, reading_server.url)[0].url

    yield make
    for folder in made:
        shutil.rmtree(folder)


def _begin(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="I see all steps").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector(".rr[data-case], .rr-card h1:text-is('Consent')")
    if page.locator("h1:text-is('Consent')").count():
        page.get_by_role("button", name="I agree").click()
    _case(page)


def _case(page: Page) -> str:
    page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked)")
    return str(page.locator(".rr").get_attribute("data-case"))


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _gone(page: Page, case: str) -> None:
    page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached")


def _answers(folder: Path) -> list[dict[str, Any]]:
    """Close and unblind a study and return its rows in the order of reading."""
    assert integrity.verify(folder).ok
    lifecycle.close(folder)
    lifecycle.unblind(folder, "tester")
    return answers_frame(folder).to_dict("records")


@pytest.mark.parametrize("stimulus", ["slice", "volume"])
def test_all_kinds_by_keys_alone(page: Page, locked, stimulus: str) -> None:
    folder, link = locked(questions=ALL, stimulus=stimulus)
    _begin(page, link)
    case = _case(page)
    _press(page, "j", "4", "x")  # real, fairly sure, ten of ten
    _press(page, "Enter")  # refused: place and artefact are missing
    expect(page.locator(".rr-missing")).to_be_visible()
    _press(page, "m", "ArrowUp", "ArrowUp", "m")
    _press(page, "k", "d", "t")
    page.keyboard.type("juf 5 mxp")  # letters that are keys elsewhere
    assert _case(page) == case
    _press(page, "Enter")
    _gone(page, case)
    second = _case(page)
    expect(page.get_by_label("Remarks?").last).to_have_value("")
    _press(page, "u")  # takes the first case back
    page.wait_for_selector(f".rr[data-case='{case}']")
    _case(page)
    _press(page, "f", "2", "0", "m", "f", "Enter")
    _gone(page, case)
    assert _case(page) == second
    for _ in range(3):
        case = _case(page)
        _press(page, "f", "1", "7", "m", "ArrowDown", "m", "j", "Enter")
        _gone(page, case)
    page.get_by_role("heading", name="Thank you").wait_for()
    rows = _answers(folder)
    assert [(row["answer"], row["confidence"], row["quality"]) for row in rows] == [("fake", 2, "0")] + [
        ("fake", 1, "7")
    ] * 3
    assert [row["artefact"] for row in rows] == ["none", "blur", "blur", "blur"]
    places = [json.loads(row["where"]) for row in rows]
    assert {place["plane"] for place in places} == {"axial"}
    axis = 0 if stimulus == "slice" else 2
    assert abs(places[0]["voxel"][axis] - places[1]["voxel"][axis]) == 1
    assert rows[0]["revisions"] == 3


def test_a_click_is_saved_as_the_pixel_that_was_hit_and_can_be_moved_and_removed(page: Page, locked) -> None:
    folder, link = locked(questions=(Question(key="spot", kind="place", text="Where?"),), confidence=False)
    with Store(folder).read() as db:
        rows, columns = json.loads(db.execute("SELECT shape_json FROM stimulus").fetchone()[0])["shape"]
    _begin(page, link)
    box = page.locator(".rr-stage canvas").first.bounding_box()
    assert box
    # The canvas is as wide as the stage; the image lies in its middle, as high as the canvas.
    scale = box["height"] / rows
    left = box["x"] + (box["width"] - columns * scale) / 2
    wanted = [(0.25, 0.5), (0.5, 0.25), (0.75, 0.6), (0.4, 0.4)]
    for down, across in wanted:
        case = _case(page)
        page.mouse.click(left + 0.9 * columns * scale, box["y"] + 0.9 * box["height"])
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Save and next").click()
        expect(page.locator(".rr-missing")).to_be_visible()
        page.mouse.click(left + 0.1 * columns * scale, box["y"] + 0.1 * box["height"])
        page.mouse.click(left + across * columns * scale, box["y"] + down * box["height"])
        page.get_by_role("button", name="Save and next").click()
        _gone(page, case)
    for row, (down, across) in zip(_answers(folder), wanted, strict=True):
        at = json.loads(row["answer"])["voxel"]
        assert abs(at[0] - down * rows) <= 1
        assert abs(at[1] - across * columns) <= 1


def test_pairs_are_answered_left_or_right(page: Page, locked) -> None:
    folder, link = locked(questions=(WHICH,))
    _begin(page, link)
    expect(page.locator(".rr-stage canvas:visible")).to_have_count(2)
    case = _case(page)
    _press(page, "f", "3")
    _gone(page, case)
    case = _case(page)
    page.get_by_role("button", name="Right").click()
    page.get_by_role("button", name="confidence 5 of 5").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    rows = _answers(folder)
    assert [(row["answer_shown"], row["confidence"]) for row in rows] == [("left", 3), ("right", 5)]


def test_quartets_are_answered_by_a_digit_or_a_click(page: Page, locked) -> None:
    folder, link = locked(questions=(ONE_REAL,), sources=_sources(3, 9), confidence=False)
    _begin(page, link)
    expect(page.locator(".rr-stage canvas:visible")).to_have_count(4)
    expect(page.locator(".rr-foot")).to_contain_text("Case 1 of 3")
    for act in (
        lambda: _press(page, "4"),
        lambda: page.locator(".rr-cell").nth(1).click(),
        lambda: page.get_by_role("button", name="Image 3").click(),
    ):
        case = _case(page)
        act()
        _gone(page, case)
    page.get_by_role("heading", name="Thank you").wait_for()
    rows = _answers(folder)
    assert [row["answer_shown"] for row in rows] == ["4", "2", "3"]
    for row in rows:
        images = [int(image) for image in row["arrangement"].split()]
        assert row["answer"] == str(images[int(row["answer_shown"]) - 1])


def test_a_digit_goes_to_the_image_first_and_then_to_the_confidence(page: Page, locked) -> None:
    folder, link = locked(questions=(ONE_FAKE,), sources=_sources(6, 2))
    _begin(page, link)
    case = _case(page)
    _press(page, "2", "5")
    _gone(page, case)
    case = _case(page)
    page.locator(".rr-cell").nth(2).click()
    expect(page.locator(".rr-cell.rr-chosen")).to_have_count(1)
    page.locator(".rr-cell").nth(0).click()  # thought better of it
    expect(page.locator(".rr-cell.rr-chosen .rr-side")).to_have_text("Image 1")
    _press(page, "1")
    page.get_by_role("heading", name="Thank you").wait_for()
    assert [(row["answer_shown"], row["confidence"]) for row in _answers(folder)] == [("2", 5), ("1", 1)]


def test_a_ranking_is_made_key_by_key_and_can_be_taken_apart(page: Page, locked) -> None:
    question = replace(RANKING, images=2)
    folder, link = locked(questions=(question,), confidence=False)
    _begin(page, link)
    case = _case(page)
    _press(page, "Enter")
    expect(page.locator(".rr-missing")).to_be_visible()
    _press(page, "1")
    expect(page.locator(".rr-side").nth(1)).to_have_text("Image 2: rank 2")
    _press(page, "Backspace")
    expect(page.locator(".rr-chosen")).to_have_count(0)
    page.locator(".rr-cell").nth(1).click()
    _press(page, "Enter")
    _gone(page, case)
    case = _case(page)
    _press(page, "1", "Enter")
    _gone(page, case)
    rows = _answers(folder)
    assert [row["answer_shown"] for row in rows] == ["2,1", "1,2"]
    for row in rows:
        images = row["arrangement"].split()
        assert row["answer"] == ",".join(images[int(place) - 1] for place in row["answer_shown"].split(","))
        assert sorted(json.loads(row["truth"])) == ["simulated", "tiny-vae"]


def test_a_dark_pause_comes_before_each_case_and_takes_nothing_of_its_time(page: Page, locked) -> None:
    _, link = locked(dark_pause_s=2.0, time_cap_s=3.0)
    _begin(page, link)
    case = _case(page)
    _press(page, "f", "1")
    page.wait_for_selector(".rr-dark")
    hidden = [page.locator(part).is_hidden() for part in (".rr-stage", ".rr-panel", ".rr-over")]
    assert hidden == [True] * 3
    _gone(page, case)
    _case(page)
    page.wait_for_timeout(1_500)  # of the three seconds none went to the pause
    expect(page.locator(".rr-stage")).to_be_visible(timeout=10)
    expect(page.locator(".rr-over")).to_be_visible()


def _sources(real: int, fake: int) -> tuple[Source, ...]:
    return (Source(kind="cohort", name="simulated", n=real), Source(kind="run", name="tiny-vae", n=fake))


def test_a_reload_does_not_lengthen_the_time_of_a_case(page: Page, locked) -> None:
    _, link = locked(time_cap_s=2.5)
    _begin(page, link)
    stage = page.locator(".rr-stage")
    expect(stage).to_be_visible()
    expect(stage).to_be_hidden(timeout=15_000)
    expect(page.locator(".rr-over")).to_be_visible()
    page.reload()
    _begin(page, link)
    expect(page.locator(".rr-over")).to_be_visible()
    expect(stage).to_be_hidden()
    case = _case(page)
    _press(page, "f", "1")
    _gone(page, case)
    _case(page)
    expect(stage).to_be_visible()


def test_a_second_reading_says_when_it_opens_and_begins_at_once_without_a_washout(page: Page, locked) -> None:
    for weeks in (4.0, 0.0):
        _, link = locked(rounds=2, washout_weeks=weeks)
        _begin(page, link)
        for _ in range(4):
            case = _case(page)
            _press(page, "f", "1")
            _gone(page, case)
        if weeks:
            page.get_by_role("heading", name="The next reading comes later").wait_for()
            expect(page.locator(".rr-card strong")).to_contain_text(" at ")
            page.keyboard.press("u")
            assert _case(page) == case, "the last answer is taken back from the waiting room"
            expect(page.get_by_role("button", name="Undo")).to_be_disabled()
            _press(page, "j", "2")
            _gone(page, case)
            page.get_by_role("button", name="Take back the last answer").wait_for()
        else:
            page.get_by_text("This is reading 2 of 2").wait_for()
