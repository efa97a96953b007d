"""A reading study from design to kappa in a real browser, and a server killed between two answers."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from statsmodels.stats.inter_rater import cohens_kappa

from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.record.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
expect.set_options(timeout=60_000)

TITLE = "Twenty cases"


class ReaderAtKeyboard:
    """A reader who goes by whether the sum of the pixels is even, as half of them are, and slips at every twelfth."""

    def __init__(self, browser: Browser, link: str, seed: int) -> None:
        self.random, self.given = random.Random(seed), seed
        self.looks_real: dict[str, bool] = {}
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", self._see)
        self.page.add_init_script("globalThis.brainlabTimings = []")
        self.page.goto(link)

    def _see(self, response) -> None:
        if "/brainlab/reading/pixels/" in response.url and response.ok:
            self.looks_real[response.url.rsplit("/", 1)[1]] = sum(response.body()) % 2 == 0

    def begin(self) -> None:
        """Go through instructions and, the first time, consent."""
        self.page.get_by_role("button", name="I see all steps").wait_for()
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".rr[data-case], .rr-card h1:text-is('Consent')")
        if self.page.locator("h1:text-is('Consent')").count():
            self.page.get_by_role("button", name="I agree").click()

    def answer(self) -> None:
        """Answer the case on the screen by two keys and wait until another screen shows."""
        case = self.case()
        self.given += 1
        real = self.looks_real[case] != (self.given % 12 == 0)  # no lot: the order of the cases is one already
        self.page.keyboard.press("j" if real else "f")
        self.page.keyboard.press(self.random.choice("12345"))
        self.page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached")

    def case(self) -> str:
        """Wait for a case that takes answers and return its id."""
        self.page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked)")
        return str(self.page.locator(".rr").get_attribute("data-case"))

    def finish(self) -> None:
        """Answer until the thank-you screen."""
        while not self.page.locator("h1:text-is('Thank you')").count():
            self.answer()

    def close(self) -> None:
        self.context.close()


def settled(page: Page, idle: str) -> None:
    """Wait until a click has had its effect."""
    page.wait_for_timeout(400)
    page.wait_for_selector(idle)


def test_from_design_to_kappa(reading_server, browser: Browser, page: Page, idle: str, tmp_path: Path) -> None:
    page.goto(f"{reading_server.url}/study_desk")
    page.get_by_role("combobox", name="Study").click()
    page.get_by_role("option", name="New study").click()
    title = page.get_by_label("Title (readers never see it)")
    title.fill(TITLE)
    title.press("Enter")
    settled(page, idle)
    page.get_by_role("button", name="Create the study").click()
    page.get_by_role("button", name="Lock the study").click()
    # Untrained runs have no black border: rendering gives them away, and the lock asks for a reason.
    reason = page.get_by_label("Reason to lock regardless")
    reason.fill("untrained runs of a test")
    reason.press("Enter")
    settled(page, idle)
    page.get_by_role("button", name="Lock the study").click()
    page.get_by_role("button", name="Make links for R1, R2").click()
    page.get_by_text("Copy these links now").wait_for()
    codes = page.locator("[data-testid=stCode] code")
    expect(codes).to_have_count(2)
    links = codes.all_inner_texts()

    first, second = ReaderAtKeyboard(browser, links[0], 1), ReaderAtKeyboard(browser, links[1], 2)
    first.begin()
    second.begin()
    for _ in range(9):
        first.answer()
    assert reading_server.url in first.page.url
    assert first.page.locator("[data-testid=stSidebar]").count() == 0
    second.finish()
    first.close()

    resumed = ReaderAtKeyboard(browser, links[0], 3)
    resumed.page.get_by_role("button", name="Continue here").click()
    resumed.begin()
    resumed.case()
    expect(resumed.page.locator(".rr-foot")).to_contain_text("Image 6 of 22")
    case = resumed.case()
    resumed.answer()
    resumed.case()
    resumed.page.keyboard.press("u")
    resumed.page.wait_for_selector(f".rr[data-case='{case}']")
    resumed.finish()
    timed = [time for time in resumed.page.evaluate("brainlabTimings") if time["kind"] == "next-case"]
    assert len(timed) >= 15, "each answer is timed"
    assert not first.errors + second.errors + resumed.errors
    resumed.close()
    second.close()

    page.reload()
    settled(page, idle)
    expect(page.get_by_text("22 of 22")).to_have_count(2)
    page.get_by_role("button", name="Close the study").click()
    page.get_by_role("button", name="Close it now").click()
    page.get_by_label("Title of the study").fill("something else")
    page.get_by_label("Your name, for the record").fill("Researcher")
    page.get_by_role("button", name="Unblind").click()
    page.get_by_text("The title does not match").wait_for()
    page.get_by_label("Title of the study").fill(TITLE)
    page.get_by_role("button", name="Unblind").click()
    metric = page.locator("[data-testid=stMetric]", has_text="Kappa, R1 and R2")
    shown = metric.locator("[data-testid=stMetricValue]").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Answers (CSV)").click()
    download.value.save_as(tmp_path / "answers.csv")
    frame = pd.read_csv(tmp_path / "answers.csv")
    assert len(frame) == 2 * (4 + 20 + 2)
    wide = frame[frame["phase"] == "main"].pivot(index="case", columns="reader", values="answer")
    assert wide.shape == (20, 2)
    table = pd.crosstab(wide["R1"], wide["R2"])
    kappa = cohens_kappa(table.to_numpy(), return_results=False)
    assert kappa > 0.2, f"both go by the same sign and slip seldom:\n{table}"
    assert shown == f"{kappa:.3f}"


@pytest.fixture
def locked_study(reading_server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Path, str]]:
    """Return a function that locks a small study for one reader and returns its folder and link."""

    def make(base_url: str, **changes: Any) -> tuple[Path, str]:
        monkeypatch.setenv("BRAINLAB_WORKSPACE", str(reading_server.workspace))
        monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
        protocol = Protocol(
            title="Killed",
            sources=(Source(kind="cohort", name="simulated", n=6), Source(kind="run", name="tiny-vae", n=6)),
            readers=(Reader(code="R1"),),
            practice=0,
            repeats_share=0,
            **changes,
        )
        folder = lifecycle.study_folder(lifecycle.create_study(protocol))
        lock_study(folder, override="untrained run of a test")
        return folder, lifecycle.issue_links(folder, base_url)[0].url

    return make


def test_a_killed_server_loses_no_answer(reading_server, browser: Browser, locked_study) -> None:
    folder, link = locked_study(reading_server.url)
    reader = ReaderAtKeyboard(browser, link, 5)
    reader.begin()
    for _ in range(4):
        reader.answer()
    reader.case()
    reading_server.kill()
    assert integrity.verify(folder).answers == 4

    # The next answer is given while the server is down, and is sent until it arrives.
    case = reader.case()
    reader.page.keyboard.press("j")
    reader.page.keyboard.press("3")
    reader.page.get_by_text("No connection to the server").wait_for()
    reading_server.start()
    reader.page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached", timeout=90_000)
    for _ in range(3):
        reader.answer()
    verdict = integrity.verify(folder)
    assert (verdict.ok, verdict.answers) == (True, 8)

    # A double key saves one answer.
    case = reader.case()
    for key in "jj33":
        reader.page.keyboard.press(key)
    reader.page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached")
    reader.case()
    assert integrity.verify(folder).answers == 9
    reader.finish()
    assert lifecycle.study_status(folder).readers[0].done == 12
    assert not reader.errors
    reader.close()


def test_a_pause_stops_the_time_of_a_case_and_does_not_lift_its_limit(
    reading_server, browser: Browser, locked_study
) -> None:
    _, link = locked_study(reading_server.url, time_cap_s=4.0)
    reader = ReaderAtKeyboard(browser, link, 7)
    reader.begin()
    reader.case()
    stage = reader.page.locator(".rr-stage")
    reader.page.keyboard.press("p")
    reader.page.get_by_role("button", name="Go on").wait_for()
    reader.page.wait_for_timeout(4500)  # longer than the limit: were it running, the image would be gone
    reader.page.keyboard.press("Enter")
    expect(stage).to_be_visible()
    expect(stage).to_be_hidden(timeout=15_000)
    reader.answer()
    reader.case()
    expect(stage).to_be_visible()
    assert not reader.errors
    reader.close()


def test_a_second_tab_waits_and_a_bad_link_opens_nothing(reading_server, browser: Browser, locked_study) -> None:
    _, link = locked_study(reading_server.url)
    reader = ReaderAtKeyboard(browser, link, 6)
    reader.begin()
    reader.answer()
    reader.page.reload()
    reader.begin()
    expect(reader.page.locator(".rr-foot")).to_contain_text("Image 2 of 12")

    other = reader.context.new_page()
    other.goto(link)
    other.get_by_role("button", name="Continue here").click()
    other.get_by_role("button", name="I see all steps").wait_for()
    reader.case()
    reader.page.keyboard.press("f")
    reader.page.keyboard.press("2")
    reader.page.get_by_role("button", name="Continue here").wait_for()

    stranger = browser.new_page()
    stranger.goto(link[:-4] + "abcd")
    stranger.get_by_text("This link is not valid").wait_for()
    assert stranger.locator(".rr").count() == 0
    stranger.close()
    reader.close()


def test_who_does_not_agree_leaves_without_a_trace(reading_server, browser: Browser, locked_study) -> None:
    folder, link = locked_study(reading_server.url)
    reader = ReaderAtKeyboard(browser, link, 8)
    reader.page.get_by_role("button", name="I see all steps").click()
    reader.page.get_by_role("button", name="I do not agree").click()
    reader.page.get_by_text("No answer and nothing about your display was recorded.").wait_for()
    reader.page.keyboard.press("Enter")
    with Store(folder).read() as db:
        assert db.execute("SELECT count(*) FROM session_event").fetchone()[0] == 0
    reader.page.get_by_role("button", name="Back to the consent").click()
    reader.page.get_by_role("button", name="I agree").click()
    reader.answer()
    with Store(folder).read() as db:
        kinds = [kind for (kind,) in db.execute("SELECT kind FROM session_event ORDER BY sequence")]
    assert kinds[:3] == ["display_checked", "welcome_done", "consent_given"]
    assert not reader.errors
    reader.close()


def test_a_phone_shows_no_keys_and_the_button_that_saves(reading_server, browser: Browser, locked_study) -> None:
    _, link = locked_study(reading_server.url, cue=True)
    phone = browser.new_context(viewport={"width": 420, "height": 860}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(link)
    page.get_by_role("button", name="I see all steps").tap()
    page.get_by_role("button", name="I agree").tap()
    page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked)")
    assert not page.locator(".rr kbd:visible").count()
    save = page.get_by_role("button", name="Save and next").bounding_box()
    assert save["y"] + save["height"] <= page.locator(".rr-foot").bounding_box()["y"]
    phone.close()
