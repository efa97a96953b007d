"""The latent explorer in a real browser: the plane of the discriminant axes, two scans, an uploaded head."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from app.data.codes import STEPS_PER_UNIT
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import find_recipe
from brainlab.runs.run import load_run

pytestmark = pytest.mark.browser


def place(page):
    """Where the ring stands on the plane."""
    return [float(value) for value in page.locator(".bv-pad").get_attribute("data-at").split()]


def test_the_ring_goes_where_it_is_dragged_and_undo_brings_it_back(visit, idle, drawn, settled, shown_hash):
    page = visit("explorer?run=tiny-ivae")
    page.get_by_text("Zeros", exact=True).click()  # the codes of an untrained run lie within one step of each other
    page.get_by_text("all zeros").first.wait_for()  # the page may still be idle right after the click
    page.wait_for_selector(idle)
    viewer = drawn(page)
    settled(page)
    before, first = viewer.evaluate(shown_hash), place(page)
    page.locator(".bv-pad").scroll_into_view_if_needed()  # the mouse reaches nothing below the window
    ring, pad = (page.locator(name).bounding_box() for name in (".bv-pad-here", ".bv-pad"))
    assert pad["x"] < ring["x"] + ring["width"] / 2 < pad["x"] + pad["width"], "the start lies on the plane"
    box = page.locator(".bv-pad").bounding_box()
    for share in (0.3, 0.8):
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.25 * box["height"], steps=4)
        page.mouse.up()
        settled(page)
    there = place(page)
    assert viewer.evaluate(shown_hash) != before
    sliders = [page.get_by_label(f"Discriminant axis {k}", exact=True) for k in (1, 2)]
    assert float(sliders[0].input_value()) == pytest.approx(there[0], abs=0.02), "the sliders say the same place"
    page.locator(".bv-pad").focus()
    page.keyboard.press("ArrowLeft")
    assert place(page)[0] < there[0]
    assert place(page)[1] == pytest.approx(there[1], abs=0.02), "across and not up"
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
    assert place(page) == pytest.approx(first, abs=1e-6)
    settled(page)
    assert viewer.evaluate(shown_hash) == before


def test_the_way_between_two_scans_ends_at_the_second(visit, idle, settled, tiny_workspace):
    page = visit("explorer?run=tiny-vae")
    page.get_by_text("Two scans", exact=True).click()
    page.wait_for_selector(idle)
    way = page.locator(".bv-slider input[aria-label^='To ']")
    way.focus()
    page.keyboard.press("End")
    code = settled(page).evaluate("e => [...e.explorer.code]")
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    row = np.flatnonzero(data.scans["participant"] == way.get_attribute("aria-label").split()[-1])
    mean, _ = load_run(tiny_workspace / "runs" / "tiny-vae").encode(data.batch(row))
    np.testing.assert_allclose(code, STEPS_PER_UNIT * mean[0], atol=1.1)


def edited(page, idle, settled, run, path):
    """Upload a head, edit it, and return the exported volume and the one on the head's own voxels."""
    page.get_by_text("Upload", exact=True).click()
    page.wait_for_selector(idle)
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_text("Reconstruction: mean squared error").wait_for()
    page.wait_for_selector(idle)
    assert page.get_by_role("tab", name="Compare").get_attribute("aria-selected") == "true"
    page.locator(".bv-panels .bv").nth(3).wait_for()
    page.locator(".bv-slider input[data-dimension]").first.focus()
    page.keyboard.press("End")
    settled(page)
    page.wait_for_selector(idle)
    page.get_by_role("tab", name="Share and export").click()
    page.wait_for_selector(idle)
    files = []
    for name in (f"{run}.nii.gz", f"{run}-in-own-space.nii.gz", f"{run}-change-in-own-space.nii.gz"):
        with page.expect_download() as coming:
            page.get_by_role("button", name=name, exact=True).click()
        files.append(coming.value.path())
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
    return files


def opened(path, folder, name):
    """Open a download in nibabel, which goes by a file's name."""
    copy = folder / name
    copy.write_bytes(Path(path).read_bytes())
    return nib.load(copy)


def test_an_uploaded_head_is_edited_and_exported_on_its_own_voxels(visit, idle, settled, tmp_path):
    recipe = find_recipe("flair-40")
    data = np.zeros(recipe.shape, dtype=np.float32)
    data[8:32, 8:40, 8:32] = np.linspace(0.3, 0.9, 24)
    nib.save(nib.Nifti1Image(data, recipe.affine), tmp_path / "block.nii.gz")
    page = visit("explorer?run=tiny-vae")
    made, own, change = edited(page, idle, settled, "tiny-vae", tmp_path / "block.nii.gz")
    for number, path in enumerate((made, own, change)):
        volume = opened(path, tmp_path, f"{number}.nii.gz")
        assert volume.shape == recipe.shape
        np.testing.assert_allclose(volume.affine, recipe.affine)
    assert np.abs(opened(change, tmp_path, "change.nii.gz").get_fdata()).max() > 0


def test_what_is_no_head_is_refused_and_the_page_goes_on(visit, idle, drawn, tmp_path):
    (tmp_path / "notes.nii.gz").write_bytes(b"no NIfTI")
    page = visit("explorer?run=tiny-vae")
    page.get_by_text("Upload", exact=True).click()
    page.wait_for_selector(idle)
    page.locator("input[type=file]").set_input_files(tmp_path / "notes.nii.gz")
    page.locator("[data-testid=stAlertContentError]").wait_for()
    said = page.locator("[data-testid=stAlertContentError]").inner_text()
    assert said.startswith("notes.nii.gz: ")
    assert "\n" not in said.strip()
    drawn(page)


@pytest.mark.slow
@pytest.mark.realdata
def test_a_real_head_is_uploaded_edited_and_exported(visit, idle, settled, tmp_path):
    """A thick-sliced FLAIR from the scanner (open MS data, patient 01)."""
    path = Path(os.environ.get("BRAINLAB_REALDATA", "")) / "ms" / "patient01" / "study1_FLAIR.nii.gz"
    if not path.is_file():
        pytest.skip("BRAINLAB_REALDATA does not name a folder with ms/patient01")
    page = visit("explorer?run=tiny-vae")
    made, own, change = edited(page, idle, settled, "tiny-vae", path)
    volume = opened(made, tmp_path, "made.nii.gz")
    np.testing.assert_allclose(volume.affine, find_recipe("flair-40").affine)
    head = nib.load(path)
    for number, exported in enumerate((own, change)):
        found = opened(exported, tmp_path, f"{number}.nii.gz")
        assert found.shape == head.shape
        np.testing.assert_allclose(found.affine, head.affine, atol=1e-4)
