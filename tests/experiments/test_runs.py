import json
import threading

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from brainlab.errors import InputError
from brainlab.experiments.runs import list_runs, load_run


@pytest.fixture
def run(tiny_workspace):
    return load_run(tiny_workspace / "runs" / "tiny-ivae")


def test_a_run_tells_what_it_is(run):
    assert (run.name, run.preset, run.latent_dim, run.shape) == ("tiny-ivae", "ivae-256", 256, (40, 48, 40))
    assert run.simulated
    assert run.affine.shape == (4, 4)
    assert len(run.sha256) == 64
    assert run.evaluation() is None
    assert run.metrics().empty


def test_numpy_goes_in_and_out_with_the_agreed_shapes(run):
    z = np.zeros((3, 256), np.float32)
    images = run.decode(z)
    assert images.shape == (3, 40, 48, 40)
    assert images.dtype == np.float32
    assert 0 <= images.min() <= images.max() <= 1
    mean, log_variance = run.encode(images[:, None])
    assert mean.shape == log_variance.shape == (3, 256)


def test_the_batch_a_code_travels_in_does_not_matter(run):
    z = np.random.default_rng(0).normal(size=(18, 256)).astype(np.float32)
    assert np.allclose(run.decode(z)[17], run.decode(z[17:])[0], atol=1e-5)


def test_a_seed_decides_the_samples(run):
    (z, images), (again, same), (other, _) = (run.sample(2, seed) for seed in (3, 3, 4))
    assert np.array_equal(z, again)
    assert np.array_equal(images, same)
    assert not np.array_equal(z, other)
    assert np.allclose(run.sample(2, 3, truncation=0.5)[0], 0.5 * z)


def test_threads_share_one_network(run):
    z = np.zeros((1, 256), np.float32)
    expected, found = run.decode(z), []
    threads = [threading.Thread(target=lambda: found.append(run.decode(z))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(image, expected) for image in found)
    assert load_run(run.folder).model() is run.model()


def test_half_precision_weights_open_as_float32(run, tmp_path):
    state = load_file(run.folder / "weights.safetensors")
    save_file({k: v.half() if v.is_floating_point() else v for k, v in state.items()}, tmp_path / "weights.safetensors")
    (tmp_path / "config.json").write_text((run.folder / "config.json").read_text())
    half = load_run(tmp_path)
    assert next(half.model().parameters()).dtype == torch.float32
    assert half.sha256 != run.sha256
    assert np.allclose(half.sample(1, 0)[1], run.sample(1, 0)[1], atol=0.01)


def test_wrong_shapes_are_refused_in_one_line(run):
    with pytest.raises(InputError, match=r"needs codes \[n, 256\], got \[1, 8\]"):
        run.decode(np.zeros((1, 8), np.float32))
    with pytest.raises(InputError, match="needs images"):
        run.encode(np.zeros((1, 40, 48, 40), np.float32))


def test_folders_that_are_no_runs_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        load_run(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="no weights"):
        load_run(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="damaged"):
        load_run(tmp_path)


def test_weights_of_another_network_are_refused(run, tmp_path):
    settings = json.loads((run.folder / "config.json").read_text())
    settings["config"]["latent_dim"] = 5
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "weights.safetensors").write_bytes((run.folder / "weights.safetensors").read_bytes())
    with pytest.raises(InputError, match="does not fit its config"):
        load_run(tmp_path).decode(np.zeros((1, 5), np.float32))


def test_metrics_leave_out_a_line_that_is_still_being_written(run, tmp_path):
    for name in ("config.json", "weights.safetensors"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    (tmp_path / "metrics.jsonl").write_text('{"kind": "step", "loss": 2.0}\n{"kind": "st')
    assert load_run(tmp_path).metrics()["loss"].tolist() == [2.0]


def test_the_workspace_s_runs_are_listed(tiny_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    assert {"tiny-vae", "tiny-ivae"} <= {run.name for run in list_runs()}


def test_the_last_evaluation_is_read_wherever_it_could_be_written(run, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    apart = run.evaluation_files[1]
    assert apart.is_relative_to(tmp_path)
    apart.parent.mkdir(parents=True)
    apart.write_text('{"mse": {"value": 0.5}}')
    assert run.evaluation() == {"mse": {"value": 0.5}}
