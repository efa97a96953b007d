"""The network learns labels of several datasets, and a training that was stopped ends as if it had not been."""

import json

import numpy as np
import pytest
import torch

from brainlab.cohort.segmentations import IGNORED
from brainlab.errors import InputError, TrainingStoppedError
from brainlab.experiments.tissue import training
from brainlab.experiments.tissue.training import TissueTraining, tissue_loss, train_tissue
from brainlab.experiments.training_plan import Machine
from brainlab.networks.perceptual.slice_variation import vary
from brainlab.networks.perceptual.tissue_folder import load_tissue

CPU = Machine(device="cpu", precision="32")
SHORT = TissueTraining(epochs=2, batch_size=4)


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setattr(training, "WIDTHS", (8, 8))


def test_it_learns_slices_of_several_sizes(slices, volumes, tmp_path):
    notes = train_tissue(
        [slices, volumes], tmp_path / "net", TissueTraining(epochs=30, batch_size=3, learning_rate=1e-2), machine=CPU
    )
    for name in ("slices", "volumes"):
        assert all(entry["value"] > 0.6 for entry in notes["dice"][name].values()), notes["dice"]
    kept = load_tissue(tmp_path / "net")
    assert kept.settings.labels == ("background", "left-tissue", "right-tissue")
    assert (kept.settings.data, kept.settings.simulated) == ("slices + volumes", True)
    assert json.loads(json.dumps(kept.settings.notes)) == json.loads(json.dumps(notes))
    assert {entry["name"]: entry["train"]["slices"] for entry in notes["datasets"]} == {"slices": 3, "volumes": 9}
    lines = [json.loads(line) for line in (tmp_path / "net" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 31))
    assert lines[-1]["loss"] < lines[0]["loss"] / 2
    card = (tmp_path / "net" / "card.md").read_text(encoding="utf-8")
    value = notes["dice"]["volumes"]["left-tissue"]["value"]
    assert f"{value:.3f} (1)" in card
    assert "**Trained on real scans and simulated scans.**" in card


def test_the_network_knows_its_plane_and_the_volumes_that_it_learned(volumes, tmp_path, monkeypatch):
    mirrors = []

    def noted(images, labels, mirror, random):
        mirrors.append(mirror)
        return images, labels

    monkeypatch.setattr(training, "vary", noted)
    for plane in ("coronal", "sagittal"):
        chosen = TissueTraining(epochs=1, batch_size=20, plane=plane, scans=2)
        notes = train_tissue([volumes], tmp_path / plane, chosen, machine=CPU)
        settings = load_tissue(tmp_path / plane).settings
        assert settings.plane == notes["plane"] == plane
        assert [(each.name, each.shape) for each in settings.learned] == [("made", (20, 14, 3))]
        assert notes["datasets"][0]["train"]["scans"] == 2
        card = (tmp_path / plane / "card.md").read_text(encoding="utf-8")
        assert f"labels {plane} slices" in card
        assert "features compare images" not in card
    # only sagittal slices have no other side
    assert (mirrors[0], mirrors[-1]) == ((0, 2, 1), None)
    with pytest.raises(InputError, match="--plane: needs one of axial, coronal, sagittal, got oblique"):
        train_tissue([volumes], tmp_path / "net", TissueTraining(plane="oblique"), machine=CPU)


def test_a_stopped_training_ends_as_one_that_was_not(slices, volumes, tmp_path, monkeypatch):
    whole = train_tissue([slices, volumes], tmp_path / "whole", SHORT, seed=3, machine=CPU)
    calls = []

    def stop(*arguments):
        calls.append(arguments)
        if len(calls) == 5:  # in the second epoch
            raise KeyboardInterrupt
        return tissue_loss(*arguments)

    with monkeypatch.context() as stopped:
        stopped.setattr(training, "tissue_loss", stop)
        with pytest.raises(KeyboardInterrupt):
            train_tissue([slices, volumes], tmp_path / "net", SHORT, seed=3, machine=CPU, command="first")
    assert load_tissue(tmp_path / "net").settings.notes["epochs_done"] == 1
    resumed = train_tissue([slices, volumes], tmp_path / "net", SHORT, seed=3, machine=CPU, resume=True)
    assert resumed["command"] == "first"
    assert resumed["dice"] == whole["dice"]
    assert load_tissue(tmp_path / "net").sha256 == load_tissue(tmp_path / "whole").sha256
    epochs = [
        json.loads(line)["epoch"]
        for line in (tmp_path / "net" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert epochs == [1, 2]


def test_each_epoch_has_an_order_and_noise_of_its_own(slices, tmp_path, monkeypatch):
    seeds = []

    def noted(*arguments):
        seeds.append(arguments[-1].initial_seed())
        return vary(*arguments)

    monkeypatch.setattr(training, "vary", noted)
    for seed in (3, 4):
        train_tissue([slices], tmp_path / str(seed), SHORT, seed=seed, machine=CPU)
    assert len(set(seeds)) == len(seeds) == 4


def test_a_training_that_was_stopped_before_its_first_epoch_starts_again(slices, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(training, "tissue_loss", stop)
        with pytest.raises(KeyboardInterrupt):
            train_tissue([slices], tmp_path / "net", SHORT, machine=CPU)
    assert train_tissue([slices], tmp_path / "net", SHORT, machine=CPU)["epochs_done"] == 2


@pytest.mark.parametrize(("killed_in", "resume"), [("save_resume", False), ("save_tissue", True)])
def test_a_training_that_was_killed_as_it_wrote_its_files_can_go_on(slices, tmp_path, monkeypatch, killed_in, resume):
    def stop(*_):
        raise KeyboardInterrupt

    once = TissueTraining(epochs=1, batch_size=4)
    with monkeypatch.context() as stopped:
        stopped.setattr(training, killed_in, stop)
        with pytest.raises(KeyboardInterrupt):
            train_tissue([slices], tmp_path / "net", once, machine=CPU)
    notes = train_tissue([slices], tmp_path / "net", once, machine=CPU, resume=resume)
    assert load_tissue(tmp_path / "net").settings.notes["dice"] == notes["dice"]
    assert (tmp_path / "net" / "card.md").is_file()
    assert len((tmp_path / "net" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_what_cannot_be_trained_is_refused(slices, volumes, tmp_path):
    net = tmp_path / "net"
    with pytest.raises(InputError, match=r"no resume\.pt to resume from"):
        train_tissue([slices], net, SHORT, machine=CPU, resume=True)
    with pytest.raises(InputError, match="needs each dataset once"):
        train_tissue([slices, slices], net, SHORT, machine=CPU)
    with pytest.raises(InputError, match="--epochs: needs 1 or more, got 0"):
        train_tissue([slices], net, TissueTraining(epochs=0), machine=CPU)
    assert not net.exists()
    train_tissue([slices], net, TissueTraining(epochs=1), machine=CPU)
    with pytest.raises(InputError, match="exists and is not empty; continue it with --resume"):
        train_tissue([slices], net, SHORT, machine=CPU)
    for data, changed, seed, says in (
        ([slices], TissueTraining(epochs=2), 0, r"other settings \(--epochs\)"),
        ([slices], TissueTraining(epochs=1), 1, r"other settings \(--seed\)"),
        ([volumes], TissueTraining(epochs=1), 0, "other data"),
    ):
        with pytest.raises(InputError, match=f"was started with {says}"):
            train_tissue(data, net, changed, seed=seed, machine=CPU, resume=True)
    (net / "resume.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"resume\.pt: cannot be read"):
        train_tissue([slices], net, TissueTraining(epochs=1), machine=CPU, resume=True)


def test_a_loss_that_is_not_finite_stops_the_training(slices, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "tissue_loss", lambda logits, _: logits.sum() * float("nan"))
    with pytest.raises(TrainingStoppedError, match="epoch 1: the loss is not finite"):
        train_tissue([slices], tmp_path / "net", SHORT, machine=CPU)


def test_the_loss_is_monai_s_where_all_counts_and_nothing_where_nothing_does():
    from monai.losses import DiceLoss

    random = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 6, 5, generator=random)
    labels = torch.randint(0, 3, (2, 6, 5), generator=random)
    dice = DiceLoss(include_background=False, to_onehot_y=True, softmax=True, batch=True)(logits, labels[:, None])
    expected = dice + torch.nn.functional.cross_entropy(logits, labels)
    torch.testing.assert_close(tissue_loss(logits, labels), expected)
    ignored = labels.clone()
    ignored[0, :, 0] = IGNORED
    logits.requires_grad_()
    tissue_loss(logits, ignored).backward()
    assert not logits.grad[0, :, :, 0].any()
    assert logits.grad[1].abs().min() > 0
    moved = logits.detach().clone()
    moved[0, :, :, 0] = 100 * np.pi
    torch.testing.assert_close(tissue_loss(moved, ignored), tissue_loss(logits, ignored))
