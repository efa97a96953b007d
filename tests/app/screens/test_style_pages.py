"""Generate and the explorer on a workspace of slices with a style-based run: W, projection, mixing, interpolation."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.data import resources, uploads
from app.data.codes import STEPS_PER_UNIT, from_base64, to_link, to_steps
from app.data.exports import nifti, png
from app.data.volumes import Decoded, Sample, StyleMix, load
from app.screens.explorer import projected_upload
from app.screens.explorer.explorer_data import explorer_data
from app.screens.explorer.starting_codes import Start, fidelity_note
from app.screens.explorer.walk_space import walk_space
from app.server import routes
from app.server.access import SIGNED_IN
from brainlab.errors import InputError

PROJECT = Path(__file__).resolve().parents[3]
RUN = "tiny-gan"


@pytest.fixture(autouse=True)
def workspace(style_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(style_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", style_workspace / "no-models")
    return style_workspace


def opened(name, **query):
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=120)
    page.session_state[SIGNED_IN] = True
    for key, value in query.items():
        page.query_params[key] = value
    return ran(page)


def ran(page):
    page.run()
    assert not page.exception, page.exception
    assert not page.error, page.error[0].value
    return page


def viewers(page):
    """The data of every component on a page, as text."""
    return [str(element.proto) for element in page.get("bidi_component")]


def test_generate_offers_what_the_runs_can_do_and_a_gallery_of_slices():
    page = opened("generate")
    assert [tab.label for tab in page.tabs] == ["Samples", "Interpolation", "Style mixing"]
    assert page.select_slider(key="generate-slices").options == ["8", "16", "32", "64"]
    page.select_slider(key="generate-slices").set_value(64)
    ran(page)
    assert any("draw 63" in text for text in viewers(page))


@pytest.mark.parametrize("space", ["Z", "W"])
def test_the_way_between_two_draws_begins_and_ends_with_them(space):
    page = opened("generate")
    page.session_state["generate-tabs"] = "Interpolation"
    page.session_state["between-space"] = space
    ran(page)
    assert any("100%" in text for text in viewers(page))
    page.segmented_control(key="between-way").set_value("spherical")
    ran(page)


def test_mixing_shows_rows_and_columns_that_cross_at_the_chosen_level():
    page = opened("generate")
    page.session_state["generate-tabs"] = "Style mixing"
    ran(page)
    (shown,) = [text for text in viewers(page) if "A1 with B1" in text]
    assert all(f"A{row} with B{column}" in shown for row in (1, 2, 3) for column in (1, 2, 3, 4))
    slider = page.select_slider(key=f"mixing-crossing-{RUN}")
    assert slider.options == [
        "all B",
        "A to 10x12 (1), B from 10x12 (2)",
        "A to 10x12 (2), B from 20x24 (1)",
        "A to 20x24 (1), B from 20x24 (2)",
        "A to 20x24 (2), B from 40x48 (1)",
        "A to 40x48 (1), B from 40x48 (2)",
        "all A",
    ]
    slider.set_value(6)
    ran(page)
    assert any("Rows: all A." in caption.value for caption in page.caption)


def test_a_mix_is_all_of_one_draw_at_either_end_and_coarse_of_the_first_between():
    a, b = (load(Sample(RUN, seed, 1, 0)) for seed in (3, 8))
    assert np.array_equal(load(StyleMix(RUN, 3, 8, 6)), a)
    assert np.array_equal(load(StyleMix(RUN, 3, 8, 0)), b)
    run = resources.run(RUN)
    coarse, fine = run.style(np.concatenate([run.sample(1, 3)[0], run.sample(1, 8)[0]]))
    expected = run.from_styles(np.stack([coarse, coarse, fine, fine, fine, fine])[None])[0]
    assert np.array_equal(load(StyleMix(RUN, 3, 8, 2)), np.rint(255 * expected))


def test_a_code_of_zeros_in_w_is_the_mean_style_and_any_other_the_image_of_its_style(workspace):
    run, space = resources.run(RUN), resources.style_space(RUN)
    mean = run.decode(np.zeros((1, 6)))[0]
    assert np.array_equal(load(Decoded(RUN, bytes(12), styles=True)), np.rint(255 * mean))
    steps = to_steps(np.arange(6) / 4)
    expected = run.from_styles(np.tile(space.style(np.arange(6) / 4), (1, 6, 1)))[0]
    assert np.array_equal(load(Decoded(RUN, steps, styles=True)), np.rint(255 * expected))
    assert not np.array_equal(load(Decoded(RUN, steps, styles=True)), load(Decoded(RUN, steps)))


def test_the_browser_s_codes_are_decoded_in_their_own_space(client):
    steps = to_steps(np.arange(6) / 4)
    for styles in (False, True):
        reply = client.post(routes.decode_path(RUN, styles=styles), content=steps)
        assert reply.content == load(Decoded(RUN, steps, styles)).tobytes()


def test_sliders_in_w_are_the_principal_axes_of_the_styles_about_the_mean_style():
    data = explorer_data(RUN, None, bytes(12), 1, styles=True)
    axes = resources.style_space(RUN).axes()
    assert [item["name"] for item in data["directions"]] == [f"Principal axis {k + 1}" for k in range(len(axes))]
    first = data["directions"][0]
    assert np.allclose(np.frombuffer(from_base64(first["vector"]), "<f4"), axes[0].vector, atol=1e-6)
    assert (first["low"], first["high"], first["row"]) == (axes[0].low, axes[0].high, None)
    low, high = (np.frombuffer(from_base64(data[end]), "<i2") / STEPS_PER_UNIT for end in ("low", "high"))
    assert (low < 0).all()
    assert (high > 0).all()
    assert walk_space(RUN, None, styles=True) is walk_space(RUN, None, styles=True), "worked out once"
    assert data["run"] != explorer_data(RUN, None, bytes(12), 1)["run"], "another decoder, so the sliders start afresh"


def test_a_run_without_codes_of_scans_is_walked_as_far_as_its_prior_reaches():
    known = walk_space(RUN, None, styles=False)
    assert (known.low == -3).all()
    walked = known.dimension(4).walk(np.zeros(6), known.dimension(4).steps(3))
    assert walked[:, 4].tolist() == [-3, 0, 3]
    assert (np.delete(walked, 4, axis=1) == 0).all()
    assert not known.published, "the paper's dimensions are those of its own run"


def test_the_explorer_walks_a_gan_in_z_and_in_w():
    page = opened("explorer")
    assert page.selectbox(key="explorer-run").options == [RUN]
    assert page.segmented_control(key="start-kind").options == ["Zeros", "Random"]
    assert any("+3.00" in text for text in viewers(page)), "a film-strip without a cohort"
    page.segmented_control(key="explorer-space").set_value("W")
    ran(page)
    assert page.segmented_control(key="start-kind").options == ["Mean style", "Upload", "Random"]
    assert page.segmented_control(key="start-kind").value == "Mean style"
    assert "principal axis 1" in page.selectbox(key=f"walk-along-{RUN}").options
    for kind in ("Upload", "Random"):
        page.segmented_control(key="start-kind").set_value(kind)
        ran(page)
    for tab in ("Compare", "Dimensions", "Share and export"):
        page.session_state["explorer-tabs"] = tab
        ran(page)
    assert any("&space=W" in code.value for code in page.code)
    page.segmented_control(key="start-kind").set_value("Upload")
    page.segmented_control(key="explorer-space").set_value("Z")
    ran(page)
    assert page.segmented_control(key="start-kind").value == "Zeros", "a GAN encodes no upload in Z"


@pytest.mark.parametrize("space", ["W", "Z"])
def test_a_link_opens_its_code_in_its_own_space(space):
    run = resources.run(RUN)
    query = {"run": RUN, "sha": run.sha256[:12], "z": to_link(to_steps(np.ones(6)))}
    page = opened("explorer", **query, **({"space": "W"} if space == "W" else {}))
    assert page.segmented_control(key="explorer-space").value == space
    assert any("shared link" in caption.value for caption in page.caption)
    page.segmented_control(key="explorer-space").set_value("Z" if space == "W" else "W")
    ran(page)
    assert not any("shared link" in caption.value for caption in page.caption), "the code is of the other space"


def upload_of(name, content):
    (scan,) = uploads.take_slices(name, content, resources.run(RUN))
    return scan


def test_an_exported_slice_is_uploaded_as_it_was_and_prepared_once(monkeypatch):
    own = Sample(RUN, 3, 1, 0)
    for name, content in (("a.png", png([own], zoom=1)), ("a.nii.gz", nifti(own))):
        scan = upload_of(name, content)
        assert scan.grid.plane == "axial"
        if name.endswith("gz"):
            assert np.array_equal(load(scan), load(own))
        with monkeypatch.context() as patched:
            patched.setattr(uploads, "slices_of", lambda *_: pytest.fail("prepared twice"))
            assert upload_of("again" + name[1:], content) == scan


@pytest.mark.parametrize(
    ("name", "said"), [("a.png", "cannot be read as a picture"), ("a.exe", "needs a name that ends in .png")]
)
def test_what_is_no_slice_is_refused_by_its_own_name(name, said):
    with pytest.raises(InputError, match=said) as refused:
        upload_of(f"../{name}", b"nothing")
    assert str(refused.value).startswith(f"{name}: ")
    assert "/tmp" not in str(refused.value)


def test_an_upload_is_projected_once_and_its_error_told(monkeypatch):
    script = f"""
import numpy as np
import streamlit as st
from app.screens.explorer import projected_upload
from app.data import resources, uploads
from app.data.exports import nifti
from app.data.volumes import Sample
(scan,) = uploads.take_slices("a.nii.gz", nifti(Sample({RUN!r}, 3, 1, 0)), resources.run({RUN!r}))
st.session_state["code"] = projected_upload._projected({RUN!r}, scan)
"""
    monkeypatch.setattr(projected_upload, "_codes", type(projected_upload._codes)())
    page = ran(AppTest.from_string(script, default_timeout=120))
    code = page.session_state["code"]
    scan = upload_of("a.nii.gz", nifti(Sample(RUN, 3, 1, 0)))
    start = Start("a.nii.gz", to_steps(code), scan, styles=True)
    said = fidelity_note(RUN, start)
    error = np.square((load(start.image(RUN)).astype(float) - load(scan)) / 255).mean()
    assert said.startswith(f"Projection into W: mean squared error {error:.4f}")
    assert error < 0.2 * np.square((load(Decoded(RUN, bytes(12), styles=True)).astype(float) - load(scan)) / 255).mean()
    monkeypatch.setattr(projected_upload, "project_images", lambda *_, **__: pytest.fail("projected twice"))
    again = ran(AppTest.from_string(script, default_timeout=120)).session_state["code"]
    assert np.array_equal(again, code)
