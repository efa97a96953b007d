"""The cohort page in a real browser."""

import shutil
from pathlib import Path

import pytest

from tests.dicom_files import save_all, series

pytestmark = pytest.mark.browser

CUT = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.innerText)"


@pytest.mark.parametrize("width", [1400, 1000])
def test_what_a_folder_holds_is_told_in_full_before_it_is_prepared(visit, idle, tmp_path: Path, width: int) -> None:
    for person in ("anna", "ben"):
        path = tmp_path / person / f"{person}_{'a' * 120}_T1w.nii.gz"
        path.parent.mkdir()
        path.write_bytes(b"")
    page = visit("cohort")
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("tab", name="Import scans").click()
    field = page.get_by_label("Path of a BIDS dataset")
    field.fill(str(tmp_path))
    field.press("Enter")
    page.get_by_text("2 scans of 2 people; flair-40 takes 2 of them.").wait_for()
    page.get_by_text("an empty file").first.wait_for()
    page.wait_for_selector(idle)
    cells = page.locator("[class*=st-key-text-table] td")
    assert cells.evaluate_all(CUT) == []
    tables = page.locator("[class*=st-key-text-table]")
    assert tables.evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth + 1)")


@pytest.mark.parametrize("width", [1440, 1000])
def test_uploads_are_listed_before_they_are_prepared(visit, tmp_path: Path, width: int) -> None:
    page = visit("cohort")
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("tab", name="Import scans").click()
    save_all(series(6, SeriesDescription="t2 flair"), tmp_path / "series")
    packed = shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path / "series")
    (tmp_path / "notes.dcm").write_bytes(b"a note, and no image at all")
    page.locator("input[type=file]").nth(1).set_input_files([packed, tmp_path / "notes.dcm"])
    page.get_by_text("notes.dcm").wait_for()
    page.get_by_role("button", name="Show what is there").click()
    page.get_by_text("1 scan of 1 person; flair-40 takes 1 of them. Nothing is prepared yet.").wait_for()
    page.get_by_text("not a DICOM file").wait_for()
    tables = page.locator("[class*=st-key-text-table]")
    assert tables.evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth + 1)")


def test_what_a_user_is_told_is_no_line_of_the_server(visit, server, tmp_path: Path) -> None:
    before = server.log.stat().st_size
    page = visit("cohort")
    page.get_by_role("tab", name="Import scans").click()
    field = page.get_by_label("Path of a BIDS dataset")
    field.fill(str(tmp_path / "anna_meier"))
    field.press("Enter")
    page.get_by_text("anna_meier: no such file or folder").wait_for()
    said = server.log.read_bytes()[before:]
    assert b"anna_meier" not in said
    assert b"Traceback" not in said
