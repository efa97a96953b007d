"""A workspace small enough for tests: one cohort around the template and two untrained runs."""

import base64
import contextlib
import dataclasses
import gc
import json
import locale
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from brainlab import workspace as places
from brainlab.cohort.prepared import PreparedDataset, participant_split, write_prepared
from brainlab.cohort.template import mni_template
from brainlab.config import to_dict
from brainlab.generators.flow import Flow, FlowConfig
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.generators.slice_vae import SliceVAE, SliceVAEConfig
from brainlab.generators.stylegan import StyleGANConfig
from brainlab.generators.vae import VAEConfig
from brainlab.methods.conditions import learn_conditions
from brainlab.methods.method import Schedule
from brainlab.networks.perceptual.tissue_folder import TissueSettings, save_tissue
from brainlab.networks.perceptual.tissue_unet import TissueUNet
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol import design
from brainlab.reading.record import salt, sealing, tokens
from brainlab.runs.files import WEIGHTS
from brainlab.runs.methods import find_preset
from brainlab.runs.provenance import hashes_of_training
from brainlab.workers.workers import Workers
from tests.translating_workspace import build_translating_workspace

CLASSES = ("healthy", "ms", "leuko1", "leuko2", "leuko3")
PEOPLE_A_CLASS = 9
TRIM = (slice(11, 171), slice(13, 205), slice(0, 160))
AFFINE = [[4, 0, 0, -78.5], [0, 4, 0, -111.5], [0, 0, 4, -70.5], [0, 0, 0, 1]]


def _template() -> np.ndarray:
    """The template's brain in [0, 1] on the 40 x 48 x 40 grid of `flair-40`."""
    data = mni_template().data
    data = np.clip(data / np.percentile(data[data > 0], 99.5), 0, 1)[TRIM]
    return data.reshape(40, 4, 48, 4, 40, 4).mean(axis=(1, 3, 5)).astype(np.float32)


def write_cohort(folder: Path, seed: int = 0) -> PreparedDataset:
    """Write brains that differ in brightness and in one bright block whose place is that of the class."""
    lot = np.random.default_rng(seed)
    brain = _template()
    rows, volumes = [], []
    for number in range(PEOPLE_A_CLASS * len(CLASSES)):
        label = CLASSES[number % len(CLASSES)]
        k = CLASSES.index(label)
        volume = brain * lot.uniform(0.6, 0.9)
        volume[12 + 3 * k : 16 + 3 * k, 20:24, 22:26] += 0.3 * (k > 0)
        volumes.append(np.clip(volume, 0, 1).astype(np.float32))
        age = float(np.clip(lot.normal(40 + 8 * k, 8), 18, 95))
        rows.append(
            {
                "participant": f"sub-{number:04d}",
                "session": "1",
                "modality": "FLAIR",
                "class": label,
                "age_years": round(age, 1),
                "sex": "FM"[number % 2],
                "echo_time_s": round(lot.normal(0.12 if label == "ms" else 0.09, 0.004), 4),
                "repetition_time_s": round(lot.normal(9.0 if label == "ms" else 8.0, 0.2), 3),
                "inversion_time_s": 2.5,
                "pixel_bandwidth_hz": round(lot.normal(200 if label == "ms" else 280, 12)),
                "field_strength_t": 3.0,
                "split": "test" if number % 3 == 0 else participant_split(f"sub-{number:04d}"),
                "source": f"sub-{number:04d}/anat/sub-{number:04d}_FLAIR.nii.gz",
                "sha256": f"{number:064x}",
                "ventricle_volume_ml": round(15 + age / 3, 1),
            }
        )
    recipe = {
        "name": "flair-40",
        "shape": [40, 48, 40],
        "affine": AFFINE,
        "simulated": True,
        "steps": ["made for tests"],
    }
    return write_prepared(folder, volumes, pd.DataFrame(rows), recipe)


def write_run(folder: Path, preset: str, config: Any, data: PreparedDataset, seed: int = 0) -> None:
    """Write a run folder with fresh weights."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    method, _ = find_preset(preset)
    network = method.network(config)
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, folder / "weights.safetensors"
    )
    settings = {
        "preset": preset,
        "method": method.name,
        "config": to_dict(config),
        "schedule": dataclasses.asdict(Schedule()),
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "simulated": data.simulated,
            **hashes_of_training(data),
            "scans": len(data.indices("train")),
        },
        "shape": list(data.shape),
        "affine": data.affine.tolist(),
        "recipe": data.recipe,
        "seed": seed,
        "versions": {"torch": torch.__version__},
    }
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "card.md").write_text(f"# {folder.name}\n\nUntrained, for tests.\n", encoding="utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process waits for one at the end."""
    first = ("test_docs.py", "test_architecture.py")
    items.sort(key=lambda item: first.index(item.path.name) if item.path.name in first else len(first))


CHANCE = random.Random()
"""What draws the salts, ids, tokens, seeds and shuffles of studies under test, in place of the system's randomness."""


MAIN = sys.modules["__main__"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let chance follow from the test's name: every test has its own, which is the same in every run.

    And let the first module be the one that it was: Streamlit puts the page that it ran last in its place, which
    processes that are spawned would run again.
    """
    sys.modules["__main__"] = MAIN
    CHANCE.seed(item.nodeid)
    random.seed(item.nodeid)
    np.random.seed(CHANCE.getrandbits(32))  # noqa: NPY002 - scikit-learn draws from it
    torch.manual_seed(CHANCE.getrandbits(63))
    for own in vars(item.module).values() if isinstance(item, pytest.Function) else ():
        if isinstance(own, np.random.Generator):  # which the tests of a file share
            own.bit_generator.state = np.random.default_rng(CHANCE.getrandbits(63)).bit_generator.state


@pytest.fixture(autouse=True, scope="session")
def repeatable_studies() -> Iterator[None]:
    """Let every module that asks the system for randomness ask `CHANCE`."""
    drawn = SimpleNamespace(
        randbelow=CHANCE.randrange,
        token_bytes=CHANCE.randbytes,
        token_hex=lambda length: CHANCE.randbytes(length).hex(),
        token_urlsafe=lambda length: base64.urlsafe_b64encode(CHANCE.randbytes(length)).rstrip(b"=").decode(),
    )
    with pytest.MonkeyPatch.context() as patch:
        for module in (design, lifecycle, salt, tokens):
            patch.setattr(module, "secrets", drawn)
        patch.setattr(sealing, "random", SimpleNamespace(SystemRandom=lambda: CHANCE))
        yield


BUILT: dict[Path, dict[Path, tuple[int, int]]] = {}
"""What lay in the folders that all files of tests share, when they were made (`shared`, `_lying`)."""


def shared(folder: Path) -> Path:
    """Return a folder that all files of tests share, once it is made: each finds it so (`as_it_was`)."""
    BUILT[folder] = _lying(folder)
    return folder


@pytest.fixture(autouse=True, scope="module")
def as_it_was() -> Iterator[None]:
    """Leave the process and the shared folders to the next file of tests as this one found them.

    Which files a process runs before another depends on how long they take: none may lean on what others left, or
    stumble over it. Dask's local clusters set variables, workers that die leave paths, and GDCM the locale.
    """
    environment, path, language = dict(os.environ), list(sys.path), locale.setlocale(locale.LC_ALL)
    yield
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    sys.path[:] = path
    locale.setlocale(locale.LC_ALL, language)
    changed = []
    for folder, built in BUILT.items():
        lying = _lying(folder)
        for left in sorted(lying.keys() - built.keys()):  # a folder before what is in it
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)  # a server of journeys may be at work there
            else:
                left.unlink(missing_ok=True)
        changed += [str(file) for file in built if lying.get(file) != built[file]]
        BUILT[folder] = {file: lying[file] for file in built if file in lying}  # one file of tests is blamed
    assert not changed, f"tests changed what all share; give them a copy: {changed}"


def _lying(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the folders, and the files with their sizes and times, that lie in a folder; links are not followed."""
    lying = {}
    for base, folders, files in os.walk(folder):
        lying |= {Path(base, name): (0, 0) for name in folders}
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                told = Path(base, name).lstat()
                lying[Path(base, name)] = (told.st_size, told.st_mtime_ns)
    return lying


@pytest.fixture(scope="session")
def tiny_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the cohort `simulated` and the untrained runs `tiny-vae` and `tiny-ivae`."""
    workspace = tmp_path_factory.mktemp("workspace")
    build_workspace(workspace)
    return shared(workspace)


def build_workspace(workspace: Path) -> None:
    """Fill an empty folder with the tiny cohort and runs."""
    data = write_cohort(workspace / "cohorts" / "simulated")
    small = {"widths": (8, 8), "dense_width": 16, "residual_blocks": 0}
    write_run(workspace / "runs" / "tiny-vae", "vae-8", VAEConfig(latent_dim=8, **small), data)
    write_run(workspace / "runs" / "tiny-ivae", "ivae-256", IntroVAEConfig(latent_dim=256, **small), data, seed=1)


@pytest.fixture(scope="session")
def slice_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace of slices: cohorts `axial` and `sagittal`, the untrained run `slice-vae` (axial)."""
    workspace = tmp_path_factory.mktemp("slices")
    volumes = write_cohort(workspace / "volumes")
    for plane in ("axial", "sagittal"):
        images = [volumes.grid.cut(volume, plane) for volume in volumes.batch(volumes.indices())[:, 0]]
        grid = volumes.grid.slice_grid(plane)
        recipe = volumes.recipe | {"shape": list(grid.shape), "affine": grid.affine.tolist(), "plane": plane}
        write_prepared(workspace / "cohorts" / plane, images, volumes.scans, recipe)
    data = PreparedDataset.open(workspace / "cohorts" / "axial")
    config = VAEConfig(latent_dim=8, sample_shape=(1, *data.shape), widths=(8, 8), dense_width=16)
    write_run(workspace / "runs" / "slice-vae", "vae-8", config, data)
    return shared(workspace)


@pytest.fixture(scope="session")
def edit_workspace(tiny_workspace: Path, slice_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace of volumes and slices with `volume-flow` and `slice-flow`, small flows that know conditions.

    Their weights are random, so that everything that they are told changes the image a little.
    """
    workspace = tmp_path_factory.mktemp("edits")
    (workspace / "cohorts").mkdir()
    names = ("class", "age_years", "sex")
    for kind, source in (
        ("volume", tiny_workspace / "cohorts" / "simulated"),
        ("slice", slice_workspace / "cohorts" / "axial"),
    ):
        (workspace / "cohorts" / source.name).symlink_to(source)
        data = PreparedDataset.open(source)
        config = FlowConfig(
            sample_shape=(1, *data.shape), levels=2, widths=(8,), time_width=8, steps=1,
            conditions=names, known=learn_conditions(names, data),
        )  # fmt: skip
        folder = workspace / "runs" / f"{kind}-flow"
        write_run(folder, "flow-40" if kind == "volume" else "flow-slices-128", config, data)
        network = Flow(config)
        network.measure(torch.from_numpy(data.batch(data.indices("train")[:8])))
        torch.manual_seed(0)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
        save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / WEIGHTS)
    return shared(workspace)


@pytest.fixture(scope="session")
def translating_workspace(tiny_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with runs that translate, see `build_translating_workspace`."""
    workspace = tmp_path_factory.mktemp("translating")
    build_translating_workspace(tiny_workspace, workspace)
    return shared(workspace)


@pytest.fixture(scope="session")
def stack_workspace(tiny_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the cohort `simulated`, `tiny-stack`, a slice VAE of it, and the run `tiny-vae`.

    The slice VAE knows the principal components of slices and its Gaussian; it was not trained.
    """
    workspace = tmp_path_factory.mktemp("stacks")
    (workspace / "cohorts").mkdir()
    (workspace / "cohorts" / "simulated").symlink_to(tiny_workspace / "cohorts" / "simulated")
    data = PreparedDataset.open(workspace / "cohorts" / "simulated")
    config = SliceVAEConfig(
        sample_shape=(1, *data.shape), base_width=1, halvings=3, linear_rank=12, stack_statistics=True
    )
    folder = workspace / "runs" / "tiny-stack"
    write_run(folder, "slice-vae-64", config, data)
    torch.manual_seed(0)
    network, volumes = SliceVAE(config).eval(), torch.from_numpy(data.batch(data.indices("train")))
    with torch.no_grad():
        network.start_linear(volumes)
        network.gaussian.fit([network.encode(volumes).mean])
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / WEIGHTS)
    (workspace / "runs" / "tiny-vae").symlink_to(tiny_workspace / "runs" / "tiny-vae")
    return shared(workspace)


@pytest.fixture(scope="session")
def style_workspace(slice_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the cohort `axial` and `tiny-gan`, a style-based GAN trained on it for an epoch."""
    from brainlab.experiments.training import train  # which few tests need
    from brainlab.experiments.training_plan import Machine

    workspace = tmp_path_factory.mktemp("styles")
    (workspace / "cohorts").mkdir()
    (workspace / "cohorts" / "axial").symlink_to(slice_workspace / "cohorts" / "axial")
    data = PreparedDataset.open(workspace / "cohorts" / "axial")
    config = StyleGANConfig(
        latent_dim=6, sample_shape=(1, *data.shape), widths=(8, 6, 4), first_gain=0.1, learning_rate=0.01
    )
    schedule, machine = Schedule(epochs=1, batch_size=8), Machine(device="cpu", precision="32")
    train("dwi-stylegan", data, workspace / "runs" / "tiny-gan", config=config, schedule=schedule, machine=machine)
    return shared(workspace)


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Workers]:
    """Two workers of a Dask cluster, each a process of its own."""
    from distributed import LocalCluster  # which few tests need

    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as cluster:
        yield Workers(scheduler=cluster.scheduler_address)


@pytest.fixture
def no_second_try(two_workers: Workers) -> Iterator[Workers]:
    """The two workers, of whose tasks none is tried again when a worker dies of it."""
    from distributed import Client  # which few tests need

    def allow(failures: int, dask_scheduler: Any = None) -> int:
        before, dask_scheduler.allowed_failures = dask_scheduler.allowed_failures, failures
        return int(before)

    with Client(two_workers.scheduler, set_as_default=False) as client:
        before = client.run_on_scheduler(allow, 0)
        yield two_workers
        client.run_on_scheduler(allow, before)


@pytest.fixture
def paper_workspace(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace whose tiny runs and cohorts have the names that the papers' figures ask for, and no others."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(places, "MODELS", tmp_path / "models")
    monkeypatch.setattr(places, "SHIPPED_COHORTS", tmp_path / "shipped")
    for name in ("vae-8", "vae-512", "ivae-32", "ivae-256"):
        source = "tiny-ivae" if name == "ivae-256" else "tiny-vae"
        shutil.copytree(tiny_workspace / "runs" / source, tmp_path / "models" / name)
    for name in ("simulated", "simulated-biased"):
        shutil.copytree(tiny_workspace / "cohorts" / "simulated", tmp_path / "workspace" / "cohorts" / name)
    return tmp_path / "workspace"


@pytest.fixture
def tissue_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace with nothing but a feature network of random weights, and hide what ships."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(places, "MODELS", tmp_path / "no-models")
    torch.manual_seed(0)
    widths = (4, 6, 8)
    settings = TissueSettings(labels=("a", "b"), widths=widths, data="made for tests", data_sha256="", simulated=True)
    save_tissue(tmp_path / "workspace" / "features" / "tissue-slices", TissueUNet(2, widths), settings)
    return tmp_path / "workspace"


def pytest_collection_finish() -> None:
    """Spare the collector what is loaded: Streamlit asks for a full collection after each run of a page."""
    gc.collect()
    gc.freeze()
