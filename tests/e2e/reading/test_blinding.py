"""Attempts to see through the blinding with a real browser: everything that reaches it is kept and searched."""

import json

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.questions import ONE_REAL, VERDICT
from brainlab.reading.record import integrity
from brainlab.reading.record.arrangement import arranged
from brainlab.reading.record.store import Store
from tests.e2e.reading.blinding_tools import EVERYTHING_IN_THE_BROWSER, SIDE, Wire, begin, case, read_all

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
expect.set_options(timeout=60_000)

KEYS = {"choice": "jf", "alternatives": "14"}
"""Two answers to each kind of question."""


either = pytest.mark.parametrize("question", [VERDICT, ONE_REAL], ids=["single", "quartets"])


@either
def test_a_whole_reading_leaves_no_trace_of_the_truth(reading_server, browser: Browser, sealed, question) -> None:
    """Leaks 1 to 7 and 12: frames, bodies, headers, page, storage, console, cookies, and the server's log."""
    single = question is VERDICT
    study = sealed(questions=(question,))
    context = browser.new_context()
    page = context.new_page()
    wire = Wire.of(page)
    begin(page, study.links[0])
    seen = read_all(page, KEYS[question.kind])
    assert len(seen) == len(set(seen)) == (2 + 12 + 3 if single else 2 + 6 + 2)
    left = page.evaluate(EVERYTHING_IN_THE_BROWSER)
    everything = wire.text() + left.encode() + json.dumps(context.cookies()).encode()
    for secret in study.secrets():
        assert secret.encode() not in everything, secret
    assert b"Bob Example" not in everything
    assert not [line for line in left.splitlines() if line.startswith(("worker ", "cache ", "database "))]

    # The page's own words, without the libraries: no word of what is hidden.
    own = b"\n".join(
        [*wire.frames, *(body for url, found in wire.bodies.items() for body in found if "/reading/" in url)]
    )
    for word in (b"truth", b'label"', b'"source', b"stimulus", b"score", b"participant", b"kappa", b'"R2"'):
        assert word not in own, word

    pixels = {url.rsplit("/", 1)[1]: found for url, found in wire.bodies.items() if "/reading/pixels/" in url}
    assert set(seen) == set(pixels)
    assert {len(body) for found in pixels.values() for body in found} == {SIDE * SIDE * (1 if single else 4)}
    assert sum(len(found) for found in pixels.values()) == len(seen), "each image is fetched once, a repeat anew"
    with Store(study.folder).read() as db:
        stored = {
            row["id"]: arranged(row["pixels"], row["arrangement"])
            for row in db.execute(
                "SELECT presentation.id, arrangement, pixels FROM presentation JOIN stimulus ON stimulus = stimulus.id"
            )
        }
    assert all(body == stored[id_] for id_, found in pixels.items() for body in found), (
        "as stored and arranged, byte for byte"
    )

    told = {tuple(sorted(name for name in head if name != "date")) for url, head in wire.headers if "/pixels/" in url}
    assert len(told) == 1
    assert not {"etag", "last-modified", "set-cookie"} & set(told.pop())
    for url, head in wire.headers:
        assert head.get("referrer-policy") == "no-referrer" or not url.startswith("http"), url
        assert "/brainlab/reading/" not in url or head["cache-control"] == "no-store"
    assert not [url for url, head in wire.asked if head.get("referer")], "no request says where it came from"
    log = reading_server.log.read_text(encoding="utf-8")
    for secret in (study.token(), "GiveAway", "SecretTitle", *seen):
        assert secret not in log
    context.close()


def test_the_order_and_the_times_say_nothing(browser: Browser, sealed) -> None:
    """Labels and positions are uncorrelated, and the page's own clock loads both kinds alike."""
    study = sealed(n=20, practice=0, repeats_share=0.0)
    page = browser.new_page()
    wire = Wire.of(page)
    begin(page, study.links[0])
    seen = read_all(page)
    bright = {
        url.rsplit("/", 1)[1]: np.frombuffer(found[0], np.uint8).mean() > 125
        for url, found in wire.bodies.items()
        if "/pixels/" in url
    }
    labels = np.array([bright[id_] for id_ in seen])
    assert abs(np.corrcoef(labels, np.arange(40))[0, 1]) < 0.35
    ids = np.array([int(id_, 16) for id_ in seen], dtype=float)
    assert abs(np.corrcoef(labels, ids)[0, 1]) < 0.5
    entries = page.evaluate(
        "() => performance.getEntriesByType('resource').filter((e) => e.name.includes('/pixels/'))"
        ".map((e) => [e.name.split('/').pop(), e.transferSize, e.encodedBodySize])"
    )
    assert len(entries) == 40
    assert len({tuple(sizes) for _, *sizes in entries}) == 1, "on the wire, headers included, all are of one size"
    page.close()


def test_the_place_in_a_quartet_says_nothing(browser: Browser, sealed) -> None:
    """Leaks 7, 10, 11 and 20 for images side by side: all replies are alike, and the real image stands anywhere."""
    study = sealed(n=24, practice=0, repeats_share=0.0, questions=(ONE_REAL,), confidence=False)
    page = browser.new_page()
    wire = Wire.of(page)
    begin(page, study.links[0])
    places = []
    while not page.locator("h1:text-is('Thank you')").count():
        shown = case(page)
        (body,) = next(found for url, found in wire.bodies.items() if url.endswith(f"/pixels/{shown}"))
        places.append(int(np.frombuffer(body, np.uint8).reshape(4, -1).mean(axis=1).argmax()))
        page.wait_for_timeout(350)  # the key of the last case, pressed at once again, is taken for a double press
        page.keyboard.press(str(places[-1] + 1))
        page.wait_for_selector(f".rr:not([data-case='{shown}'])", state="attached")
        page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked), h1:text-is('Thank you')")
    assert len(places) == 24
    assert max(np.bincount(places, minlength=4)) < 16, "at no place by more than chance"
    entries = page.evaluate(
        "() => performance.getEntriesByType('resource').filter((e) => e.name.includes('/pixels/'))"
        ".map((e) => [e.transferSize, e.encodedBodySize])"
    )
    assert len({tuple(sizes) for sizes in entries}) == 1
    page.close()


def test_a_link_that_ends_takes_the_case_off_the_screen(browser: Browser, sealed) -> None:
    study = sealed(practice=0)
    page = browser.new_page()
    begin(page, study.links[0])
    shown = case(page)
    page.keyboard.press("j")
    page.keyboard.press("3")
    page.wait_for_selector(f".rr[data-case]:not([data-case='{shown}']) .rr-panel:not(.rr-locked)")
    lifecycle.revoke_link(study.folder, "R1")
    page.keyboard.press("j")
    page.keyboard.press("3")
    expect(
        page.get_by_text("This link is not valid, or not valid any more").or_(
            page.get_by_text("this link is not valid")
        )
    ).to_be_visible()
    assert page.locator(".rr canvas").count() == 0
    page.reload()
    page.get_by_text("This link is not valid").wait_for()
    assert page.locator(".rr").count() == 0
    assert integrity.verify(study.folder).answers == 1, "what was answered before stays"

    (fresh,) = lifecycle.issue_links(study.folder, study.links[0].split("/reading-room")[0], readers=["R1"])
    page.goto(fresh.url)
    page.get_by_role("button", name="I see all steps").click()
    case(page)
    expect(page.locator(".rr-foot")).to_contain_text("Image 2 of 15")
    page.close()


@either
def test_two_readers_in_one_browser_do_not_meet(browser: Browser, sealed, question) -> None:
    """Leak 15: tabs of one browser share cookies and storage, and nothing of the readings."""
    study = sealed(practice=0, questions=(question,))
    context = browser.new_context()
    first, second = context.new_page(), context.new_page()
    wire = Wire.of(second)
    first.bring_to_front()  # a page behind another draws a frame a second
    begin(first, study.links[0])
    seen = read_all(first, KEYS[question.kind])
    second.bring_to_front()
    begin(second, study.links[1])
    expect(second.locator(".rr-foot")).to_contain_text("Image 1 of 15" if question is VERDICT else "Case 1 of 8")
    left = second.evaluate(EVERYTHING_IN_THE_BROWSER)
    for secret in (study.token(0), *seen):
        assert secret.encode() not in wire.text()
        assert secret not in left
    context.close()


def test_nobody_else_learns_the_address_from_the_browser(browser: Browser, sealed) -> None:
    study = sealed(practice=0)
    page = browser.new_page()
    begin(page, study.links[0])
    page.route("http://elsewhere.example/**", lambda route: route.fulfill(body="<p>here</p>", content_type="text/html"))
    with page.expect_request("http://elsewhere.example/**") as asked:
        page.evaluate("location.href = 'http://elsewhere.example/page'")
    page.get_by_text("here").wait_for()
    assert "referer" not in asked.value.headers
    assert page.evaluate("document.referrer") == ""
    page.close()


@either
def test_the_desk_shows_no_answer_before_unblinding(
    reading_server, browser: Browser, sealed, idle: str, question
) -> None:
    """A researcher follows two readers, one of whom has answered everything; nothing on the wire tells how."""
    study = sealed(practice=0, questions=(question,))
    reader = browser.new_page()
    begin(reader, study.links[0])
    read_all(reader, KEYS[question.kind])
    page = browser.new_page()
    page.clock.install()
    wire = Wire.of(page)
    page.goto(f"{reading_server.url}/study_desk")
    page.wait_for_selector(idle)
    expect(page.get_by_text("finished")).to_be_visible()
    before = len(wire.frames)
    page.clock.fast_forward(6000)
    while not any(b"(median)" in frame for frame in wire.frames[before:]):  # the live view comes again
        page.wait_for_timeout(50)
    page.wait_for_selector(idle)
    frames = b"\n".join(wire.frames)
    assert b"(median)" in frames
    with Store(study.folder).read() as db:
        answers = [row[0] for row in db.execute("SELECT hash FROM answer_event")]
        stimuli = [row[0] for row in db.execute("SELECT id FROM stimulus")]
    for secret in (*answers, *stimuli, "sensitivity", "accuracy", "LesionKind", '"real"', '"fake"'):
        assert secret.encode() not in frames, secret
    page.close()
    reader.close()
