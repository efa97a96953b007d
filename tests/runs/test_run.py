import json
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from brainlab.errors import InputError
from brainlab.methods.prior import NormalPrior
from brainlab.networks.perceptual.tissue_folder import TissueSettings, save_tissue
from brainlab.networks.perceptual.tissue_unet import TissueUNet
from brainlab.runs.listing import broken_runs, list_runs
from brainlab.runs.run import load_run


@pytest.fixture
def run(tiny_workspace):
    return load_run(tiny_workspace / "runs" / "tiny-ivae")


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the run, to damage."""
    folder = tmp_path / "runs" / "copy"
    folder.mkdir(parents=True)
    for name in ("config.json", "weights.safetensors"):
        (folder / name).write_bytes((run.folder / name).read_bytes())
    return folder


def test_a_run_tells_what_it_is(run):
    assert (run.name, run.preset, run.latent_dim, run.shape) == ("tiny-ivae", "ivae-256", 256, (40, 48, 40))
    assert run.simulated
    assert run.affine.shape == (4, 4)
    assert len(run.sha256) == 64
    assert run.evaluation() is None
    assert run.metrics().empty


def test_a_run_says_which_plane_its_slices_show(copy, slice_workspace):
    slices = load_run(slice_workspace / "runs" / "slice-vae")
    assert (slices.grid.shape, slices.grid.plane) == ((40, 48), "axial")  # its config.json has no plane, as old ones
    settings = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    assert load_run(copy).grid.plane is None
    for plane, said in (("axial", "axial slices need 2 sides, got 3"), ("oblique", "plane: needs one of axial")):
        (copy / "config.json").write_text(json.dumps({**settings, "plane": plane}), encoding="utf-8")
        with pytest.raises(InputError, match=rf"config\.json: .*{said}"):
            load_run(copy)


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


def test_weights_that_changed_on_disk_are_loaded_again(copy):
    before = load_run(copy).sample(1, 0)[1]
    state = load_file(copy / "weights.safetensors")
    save_file({k: 0.5 * v if v.is_floating_point() else v for k, v in state.items()}, copy / "weights.safetensors")
    assert not np.array_equal(load_run(copy).sample(1, 0)[1], before)


def test_half_precision_weights_open_as_float32(run, tmp_path):
    state = load_file(run.folder / "weights.safetensors")
    save_file({k: v.half() if v.is_floating_point() else v for k, v in state.items()}, tmp_path / "weights.safetensors")
    (tmp_path / "config.json").write_text((run.folder / "config.json").read_text(encoding="utf-8"), encoding="utf-8")
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
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"no weights\.safetensors yet"):
        load_run(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="damaged"):
        load_run(tmp_path)


def test_weights_of_another_network_are_refused(run, tmp_path):
    settings = json.loads((run.folder / "config.json").read_text(encoding="utf-8"))
    settings["config"]["latent_dim"] = 5
    (tmp_path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (tmp_path / "weights.safetensors").write_bytes((run.folder / "weights.safetensors").read_bytes())
    with pytest.raises(InputError, match="does not fit its config"):
        load_run(tmp_path).decode(np.zeros((1, 5), np.float32))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("weights.safetensors", lambda raw: POINTER, "got a git-lfs pointer to it; fetch it with 'git lfs pull'"),
        ("config.json", lambda raw: POINTER, "got a git-lfs pointer"),
        ("weights.safetensors", lambda raw: raw[:-100], "damaged or cut off"),
        ("weights.safetensors", lambda raw: b"", "damaged or cut off"),
        ("config.json", lambda raw: raw[:-100], "damaged, no JSON"),
        ("config.json", lambda raw: b"[1]", "needs one JSON object, got list"),
        ("config.json", lambda raw: b"\xff\xfe", "damaged, no JSON"),
        ("config.json", lambda raw: raw.replace(b'"seed": 1', b'"seed": NaN'), "NaN is no number of JSON"),
    ],
)
def test_a_damaged_file_is_one_line_and_the_run_does_not_vanish(copy, monkeypatch, name, damage, expected):
    path = copy / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError) as caught:
        load_run(copy)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(copy.parent.parent))
    monkeypatch.setattr("brainlab.workspace.MODELS", copy.parent.parent / "none")
    assert list_runs() == []
    assert broken_runs() == {copy: str(caught.value)}


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("config.latent_dim", "8", "latent_dim: needs a whole number, got '8'"),
        ("config.latent_dim", 0, "--latent-dim: needs 1 or more, got 0"),
        ("config.widths", [], "describes no network"),
        ("config.norm", "instance", "norm: needs group, batch, none, got 'instance'"),
        ("config.sample_shape", [1, 41, 48, 40], "needs 2 or 3 sides that divide by 8"),
        ("config.learning_rate", None, "learning_rate: needs a finite number, got None"),
        ("config.brighter", True, "it was written by brainlab 99.0 and this is"),
        ("method", "flow", "it was written by brainlab 99.0 and this is"),
        ("config", [], "config: needs an object, got []"),
        ("preset", 8, "preset: needs a text, got 8"),
        ("affine", [[1, 0], [0, 1]], "affine: needs 4 x 4 finite numbers"),
        ("affine", "eye", "affine: needs a list"),
        ("data", None, "data: needs an object"),
        ("data.simulated", "yes", "data.simulated: needs true or false"),
        ("data.participants", "sub-1", "data.participants: needs a list"),
        ("data.participants", [1], "data.participants: needs a list of texts"),
        ("data.sha256", None, "data.sha256: needs a text"),
        ("data.voxels", {}, "data.voxels: needs a list"),
        ("data.key", 5, "data.key: needs a text"),
    ],
)
def test_a_setting_of_a_wrong_type_is_named(copy, place, value, expected):
    settings = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    settings["versions"]["brainlab"] = "99.0" if "99.0" in expected else "0.1.0"
    *above, last = place.split(".")
    holder = settings
    for part in above:
        holder = holder[part]
    holder[last] = value
    (copy / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_run(copy)
    assert expected in str(caught.value)
    assert str(caught.value).startswith(f"{copy / 'config.json'}: ")


@pytest.mark.parametrize("name", ["preset", "config", "affine", "data"])
def test_a_setting_that_is_gone_is_named(copy, name):
    settings = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    del settings[name]
    (copy / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(InputError, match=f"has no {name}; train the run again"):
        load_run(copy)


def test_a_byte_order_mark_is_no_damage(copy, run):
    path = copy / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_run(copy).settings == run.settings


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_draw_nothing(copy, value):
    state = load_file(copy / "weights.safetensors")
    name = next(name for name, weights in state.items() if weights.is_floating_point())
    state[name].view(-1)[0] = value
    save_file(state, copy / "weights.safetensors")
    with pytest.raises(InputError, match=r"weights\.safetensors: needs finite numbers, got NaN or infinity in"):
        load_run(copy).sample(1, 0)


def test_values_that_are_not_finite_neither_go_in_nor_come_out(copy, run):
    with pytest.raises(InputError, match="codes of finite numbers"):
        run.decode(np.full((1, 256), np.nan, np.float32))
    with pytest.raises(InputError, match="images of finite numbers"):
        run.encode(np.full((1, 1, 40, 48, 40), np.inf, np.float32))
    state = load_file(copy / "weights.safetensors")
    save_file({k: v * 1e30 if v.is_floating_point() else v for k, v in state.items()}, copy / "weights.safetensors")
    with pytest.raises(InputError, match="gives NaN or infinity"):
        load_run(copy).decode(np.ones((1, 256), np.float32))


@pytest.mark.parametrize("n", [1, 15, 16, 17, 31, 33, 48])
def test_parts_draw_the_same_codes_as_one_draw(run, monkeypatch, n):
    monkeypatch.setattr(type(run), "decode_asked", lambda self, z, _: z)
    for dim in (1, 3, 256):
        monkeypatch.setattr(run.model(), "prior", NormalPrior(dim))
        parts = [z for z, _ in run.sample_in_parts(n, 5)]
        assert max(map(len, parts)) < 32
        expected = torch.randn(n, dim, generator=torch.Generator().manual_seed(5))
        assert np.array_equal(np.concatenate(parts), expected.numpy())


@pytest.mark.parametrize("changes", [{"n": 0}, {"n": 10**12}, {"seed": -1}, {"truncation": -0.5}])
def test_samples_out_of_range_are_refused(run, changes):
    with pytest.raises(InputError, match=f"--{next(iter(changes))}: "):
        run.sample(**{"n": 1, "seed": 0, **changes})


def test_a_damaged_line_of_metrics_or_evaluation_is_named(copy):
    (copy / "metrics.jsonl").write_text('{"kind": "step"}\n{"kind": \n{"kind": "step"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"metrics\.jsonl: line 2 is damaged"):
        load_run(copy).metrics()
    for damaged in ("{", "[]", '{"mse": 3}', '{"mse": {"value": NaN}}'):
        (copy / "evaluation.json").write_text(damaged, encoding="utf-8")
        with pytest.raises(InputError, match=r"evaluation\.json: .*; delete it, and run 'brainlab evaluate' again"):
            load_run(copy).evaluation()


def test_metrics_leave_out_a_line_that_is_still_being_written(run, tmp_path):
    for name in ("config.json", "weights.safetensors"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    (tmp_path / "metrics.jsonl").write_text('{"kind": "step", "loss": 2.0}\n{"kind": "st', encoding="utf-8")
    assert load_run(tmp_path).metrics()["loss"].tolist() == [2.0]


def test_a_feature_network_is_no_damaged_run(tmp_path):
    network = TissueUNet(3, (4, 4))
    settings = TissueSettings(labels=("none", "a", "b"), widths=(4, 4), data="d", data_sha256="0", simulated=True)
    save_tissue(tmp_path / "tissue", network, settings)
    with pytest.raises(InputError) as refused:
        load_run(tmp_path / "tissue")
    assert str(refused.value).startswith(f"{tmp_path / 'tissue'}: needs a run, got a feature network, which compares")
    assert "damaged" not in str(refused.value)


def test_a_run_named_as_its_preset_is_named_once(run):
    with pytest.raises(InputError, match=f"^tiny-ivae: {run.preset} has no styles"):
        run.require("styles")
    with pytest.raises(InputError, match=f"^{run.preset} has no styles"):
        replace(run, name=run.preset).require("styles")


def test_the_workspace_s_runs_are_listed(tiny_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    assert {"tiny-vae", "tiny-ivae"} <= {run.name for run in list_runs()}


def test_the_last_evaluation_is_read_wherever_it_could_be_written(run, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    apart = run.evaluation_files[1]
    assert apart.is_relative_to(tmp_path)
    apart.parent.mkdir(parents=True)
    apart.write_text('{"mse": {"value": 0.5}}', encoding="utf-8")
    assert run.evaluation() == {"mse": {"value": 0.5}}


def test_large_images_go_through_the_network_a_few_at_a_time_and_are_the_same(run, monkeypatch):
    codes, images = run.sample(20, 3)
    monkeypatch.setattr("brainlab.runs.run.PART_VOXELS", 3 * int(np.prod(run.shape)) + 1)
    seen = []
    decode = run.model().decode
    monkeypatch.setattr(run.model(), "decode", lambda z: seen.append(len(z)) or decode(z))
    parts = list(run.sample_in_parts(20, 3))
    assert max(seen) == max(len(part) for _, part in parts) == 3
    assert np.array_equal(np.concatenate([z for z, _ in parts]), codes)
    assert np.allclose(np.concatenate([part for _, part in parts]), images, atol=1e-5)


def test_a_device_that_is_not_here_is_one_line_however_it_was_asked_for(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert load_run(run.folder, "auto").device == load_run(run.folder).device == "cpu"
    with pytest.raises(InputError, match="--device: needs a GPU for cuda, found none"):
        load_run(run.folder, "cuda")
    monkeypatch.setenv("BRAINLAB_DEVICE", "tpu")
    with pytest.raises(InputError, match="--device: needs one of auto, cpu, cuda, got tpu"):
        load_run(run.folder)
