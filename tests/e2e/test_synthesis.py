"""The page Synthesis in a real browser: a visit of a cohort, and scans of one's own, to a file."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from app.screens.synthesis.page import WARNING
from tests.e2e.conftest import IDLE, Server
from tests.translating_workspace import scans_of_a_visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def translating_server(translating_workspace, tmp_path_factory):
    started = Server(translating_workspace, tmp_path_factory.mktemp("synthesis") / "log.txt")
    started.start()
    yield started
    started.stop()


def test_a_held_out_visit_is_shown_beside_the_truth_under_one_crosshair(page, translating_server):
    page.goto(f"{translating_server.url}/synthesis?run=linear")
    page.wait_for_selector(IDLE)
    assert page.get_by_text(WARNING).is_visible()
    assert page.locator(".bl-badge.simulated").count() == 1
    viewers = page.locator(".bv")
    viewers.nth(4).wait_for()
    assert viewers.locator(".bv-name").all_inner_texts() == [
        "Synthesised FLAIR", "True FLAIR", "Difference", "T1w", "T2w",
    ]  # fmt: skip
    for i in range(5):
        page.wait_for_function("e => e.viewer?.state.data", arg=viewers.nth(i).element_handle())
    box = viewers.nth(0).locator("canvas[data-plane=axial]").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    places = [viewers.nth(i).evaluate("e => e.viewer.state.crosshair") for i in range(5)]
    assert places[0] != [8, 8, 8]
    assert all(place == places[0] for place in places)
    assert "−1.00" in page.locator(".bv-foot").first.inner_text()
    assert "+1.00 SD" in page.locator(".bv-foot").first.inner_text()
    page.locator("[data-testid=stSelectbox]", has_text="Visit").click()
    page.get_by_role("option", name="p01").click()
    page.get_by_text("The run was trained on this person").wait_for()
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


def test_scans_of_ones_own_become_a_file_on_the_voxels_of_the_first(page, translating_server, tmp_path):
    files = scans_of_a_visit()
    for name, content in files.items():
        (tmp_path / f"{name}.nii.gz").write_bytes(content)
    page.goto(f"{translating_server.url}/synthesis?run=for-scans")
    page.wait_for_selector(IDLE)
    page.get_by_text("Upload", exact=True).click()
    page.get_by_text("Already skull-stripped and in MNI space").click()
    for number, name in enumerate(files):
        page.locator("input[type=file]").nth(number).set_input_files(tmp_path / f"{name}.nii.gz")
        page.wait_for_selector(IDLE)
    button = page.get_by_role("button", name="Download the synthesised FLAIR")
    button.wait_for(timeout=300_000)
    page.wait_for_selector(IDLE)
    with page.expect_download() as coming:
        button.click()
    assert coming.value.suggested_filename == "FLAIR.nii.gz"
    made = nib.Nifti1Image.from_bytes(gzip.decompress(Path(coming.value.path()).read_bytes()))
    first = nib.Nifti1Image.from_bytes(gzip.decompress(files["T1w"]))
    assert made.shape == first.shape
    np.testing.assert_allclose(made.affine, first.affine, atol=1e-4)
    assert b"not a real scan" in made.header["descrip"].tobytes()
    assert page.get_by_text("There is no true FLAIR of this visit").is_visible()
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
