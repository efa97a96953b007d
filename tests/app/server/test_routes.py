"""The binary routes, without a browser."""

import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from app.data import resources
from app.data.volumes import Decoded, Difference, Mean, Reconstruction, Sample, Scan, load
from app.server import routes
from app.server.links import LINKS


def test_a_scan_comes_as_its_raw_bytes_uncompressed(client):
    reply = client.get(routes.volume_path(Scan("simulated", 2)), accept_encoding="gzip")
    assert reply.status_code == 200
    assert reply.headers["content-encoding"] == "identity"
    assert reply.content == np.asarray(resources.cohort("simulated").volumes[2]).tobytes()


def test_a_posted_code_is_decoded_and_its_request_named(client):
    steps = np.array([64, 0, 0, 0, -32, 0, 0, 0], dtype="<i2").tobytes()
    reply = client.post(routes.decode_path("tiny-vae"), content=steps, x_request="7")
    assert reply.headers["x-request"] == "7"
    code = np.array([[1, 0, 0, 0, -0.5, 0, 0, 0]], dtype=np.float32)
    expected = np.rint(resources.run("tiny-vae").decode(code)[0] * 255).astype(np.uint8)
    assert reply.content == expected.tobytes()


def test_codes_that_are_too_long_or_too_short_are_refused(client):
    path = routes.decode_path("tiny-vae")
    assert client.post(path, content=bytes(1000)).status_code == 413
    assert client.post(path, content=bytes(4)).status_code == 400


def test_names_that_were_not_given_out_lead_nowhere(client):
    assert client.get("/brainlab/volume/1.2.3").status_code == 404
    assert client.post("/brainlab/decode/1.2.3", content=b"").status_code == 404
    assert client.get(f"/brainlab/volume/{routes.decode_path('tiny-vae').rsplit('/', 1)[1]}").status_code == 404
    scan = routes.volume_path(Scan("simulated", 0)).rsplit("/", 1)[1]
    assert client.post(f"/brainlab/decode/{scan}", content=bytes(16)).status_code == 404


def test_no_browser_keeps_what_shows_a_person(client):
    for path in (routes.volume_path(Scan("simulated", 0)), routes.picture_path(Scan("simulated", 0))):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_a_name_whose_time_is_over_says_so(client, monkeypatch):
    path = routes.volume_path(Scan("simulated", 0))
    monkeypatch.setattr(LINKS, "_clock", lambda: 1e12)
    assert client.get(path).status_code == 410


def test_a_still_picture_shows_the_middle_planes_of_what_was_published(client):
    path = routes.picture_path(Scan("simulated", 2))
    reply = client.get(path)
    assert reply.headers["content-type"] == "image/png"
    picture = np.asarray(Image.open(io.BytesIO(reply.content)))
    zoom = routes.PICTURE_SIDE // 48
    assert picture.shape == (3 * 48 * zoom, 48 * zoom)
    axial = np.asarray(resources.cohort("simulated").volumes[2])[::-1, ::-1, 20].T
    shown = picture[: 48 * zoom, 4 * zoom : 44 * zoom].reshape(48, zoom, 40, zoom).mean(axis=(1, 3))
    assert np.corrcoef(shown.ravel(), axial.ravel())[0, 1] > 0.98
    assert client.get("/brainlab/picture/1.2.3").status_code == 404
    assert client.get(routes.decode_path("tiny-vae").replace("decode", "picture")).status_code == 404


@pytest.mark.parametrize("name", ["cohorts/simulated/recipe.json", "runs/tiny-vae/config.json"])
def test_what_was_made_anew_has_another_path(tiny_workspace, tmp_path, monkeypatch, name):
    shutil.copytree(tiny_workspace, tmp_path / "workspace")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    source = Reconstruction("tiny-vae", "simulated", 0)
    before = routes.volume_path(source)
    assert before == routes.volume_path(source)
    if name.startswith("runs"):
        weights = tmp_path / "workspace/runs/tiny-vae/weights.safetensors"
        save_file({key: value + 1 for key, value in load_file(weights).items()}, weights)
    else:
        volumes = np.load(tmp_path / "workspace/cohorts/simulated/volumes.npy")
        np.save(tmp_path / "workspace/cohorts/simulated/volumes.npy", volumes[::-1])
    os.utime(tmp_path / "workspace" / name, (1, 1))
    assert before != routes.volume_path(source)


def test_only_the_viewers_own_files_of_this_version_are_served(client):
    path = routes.asset_path("volume_viewer/viewer/viewer.js")
    assert client.get(path).headers["content-type"].startswith("text/javascript")
    assert "immutable" in client.get(path).headers["cache-control"]
    for wrong in (path.replace("viewer.js", "__init__.py"), path.replace("viewer.js", "..%2F..%2Froutes.py")):
        assert client.get(wrong).status_code == 404
    assert client.get("/brainlab/assets/000000000000/viewer.js").status_code == 404


def test_sources_agree_with_the_run_and_the_cohort(workspace):
    run, data = resources.run("tiny-vae"), resources.cohort("simulated")
    mean, _ = run.encode(data.batch(np.array([4])))
    rebuilt = load(Reconstruction("tiny-vae", "simulated", 4))
    assert (rebuilt == np.rint(run.decode(mean)[0] * 255)).all()
    difference = load(Difference(Reconstruction("tiny-vae", "simulated", 4), Scan("simulated", 4))).astype(int)
    true = rebuilt.astype(int) - data.volumes[4].astype(int)
    assert np.abs(2 * (difference - 128) - true).max() <= 1
    zeros = load(Decoded("tiny-vae", bytes(16)))
    assert (load(Difference(Decoded("tiny-vae", bytes(16)), Decoded("tiny-vae", bytes(16)))) == 128).all()
    assert zeros.shape == (40, 48, 40)


def test_a_seed_gives_the_same_draws_again_and_each_number_another(workspace):
    first = load(Sample("tiny-vae", 3, 4, 1))
    assert (first == load(Sample("tiny-vae", 3, 4, 1))).all()
    assert (first != load(Sample("tiny-vae", 3, 4, 2))).any()


def test_the_mean_of_a_class_is_the_mean_of_its_scans(workspace):
    data = resources.cohort("simulated")
    rows = np.flatnonzero(data.scans["class"] == "ms")
    expected = np.asarray(data.volumes[rows], dtype=float).mean(axis=0)
    assert np.abs(load(Mean("simulated", "ms")) - expected).max() <= 0.51


def test_the_study_desk_is_found_with_a_hyphen_too(client):
    reply = client.get("/study-desk")
    assert (reply.status_code, reply.headers["location"]) == (307, "/study_desk")
