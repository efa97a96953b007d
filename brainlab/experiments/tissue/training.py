"""Train a tissue network on prepared datasets with segmentations; what is killed goes on after its last whole epoch.

A loop of its own, since `brainlab.training` trains generators: it draws samples, measures their spread and reads one
dataset of one size.
"""

import copy
import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.segmentations import IGNORED
from brainlab.config import check_ranges
from brainlab.errors import InputError, TrainingStoppedError
from brainlab.experiments.tissue.card import write_tissue_card
from brainlab.experiments.tissue.dice import Dice, held_out_dice, mean_dice
from brainlab.experiments.tissue.labelled_slices import LabelledSlices, TissueData
from brainlab.experiments.training_plan import Machine, hardware
from brainlab.files.folder_lock import folder_in_use
from brainlab.images.grid import PLANES
from brainlab.networks.perceptual.slice_variation import mirrored, vary
from brainlab.networks.perceptual.tissue_folder import LearnedImages, TissueSettings, save_tissue
from brainlab.networks.perceptual.tissue_unet import WIDTHS, TissueUNet
from brainlab.ranges import Count, CountOrNone, Positive, flag, refuse_out_of_range
from brainlab.training.checkpoint import METRICS, RESUME, MetricsFile, load_resume, save_resume, unusable
from brainlab.training.freed_memory import keep_freed_memory
from brainlab.types import IntArray

CERTAIN = 30.0
"""Logit of background, against 0 of others, where a voxel does not count: its error and gradient are 0."""


@dataclass(frozen=True, kw_only=True)
class TissueTraining:
    """How long and how fast it learns: Adam at 1e-3 and batches of 16 slices, as for the atlas score of the slice VAE.

    epochs: passes through all training slices.

    batch_size: slices of a step, all of one dataset.

    learning_rate: of Adam at the start; it falls to 0 along half a cosine, so that the last epoch is the one to keep.

    plane: of the slices that are labelled: axial, which methods for slices read, and in which the hemispheres can be
    told; coronal, as for the atlas score; or sagittal.

    scans: training scans of each dataset that are learned, of different people first; all where None. The atlas score's
    network learned 40.
    """

    epochs: Count = 20
    batch_size: Count = 16
    learning_rate: Positive = 1e-3
    plane: str = "axial"
    scans: CountOrNone = None


Show = Callable[[Iterator[int], int], Any]


def train_tissue(
    datasets: Sequence[PreparedDataset],
    folder: Path | str,
    training: TissueTraining | None = None,
    *,
    seed: int = 0,
    machine: Machine | None = None,
    resume: bool = False,
    command: str = "",
    show: Show | None = None,
) -> dict[str, Any]:
    """Train a network into a folder (`tissue_folder`) and return its notes: settings, data, Dice of held-out scans.

    datasets: with segmentations, one sequence each, of any sizes. resume: go on after the last whole epoch; on a CPU
    the end is bit for bit that of a training that was never stopped. command: what the user typed, for the card.
    Weights, `metrics.jsonl` and `card.md` are written after every epoch, each file whole.
    Raises InputError where the folder holds something, or nothing to go on from, where data or settings are not those
    it was started with, or as `TissueData.of`; TrainingStoppedError where the loss is no longer finite.
    """
    training, folder = training or TissueTraining(), Path(folder)
    check_ranges(training)
    refuse_out_of_range({"seed": seed})
    if len({data.folder.resolve() for data in datasets}) < len(datasets):
        raise InputError("needs each dataset once, got one twice; name it once")
    if not resume and folder.exists() and (not folder.is_dir() or not _is_free(folder)):
        raise InputError(f"{folder}: exists and is not empty; continue it with --resume or choose another folder")
    if training.plane not in PLANES:
        raise InputError(f"--plane: needs one of {', '.join(PLANES)}, got {training.plane}")
    data = TissueData.of(datasets, training.plane, training.scans, seed)
    started = _settings(data, training, seed)
    state = _checked_state(folder, started) if resume else None
    fabric = (machine or Machine()).fabric()
    folder.mkdir(parents=True, exist_ok=True)
    with folder_in_use(folder, "brainlab train-tissue"):
        return _Trainer(data, training, folder, seed, fabric, command, state, started).run(show)


def _is_free(folder: Path) -> bool:
    """Whether a folder holds no more than a training leaves that was killed before its first checkpoint."""
    return all(path.name.startswith(".") or path.name == METRICS for path in folder.iterdir())


class _Trainer:
    def __init__(
        self,
        data: TissueData,
        training: TissueTraining,
        folder: Path,
        seed: int,
        fabric: Fabric,
        command: str,
        state: dict[str, Any] | None,
        started: dict[str, Any],
    ) -> None:
        self.data, self.training, self.folder, self.seed = data, training, folder, seed
        self.fabric, self.command, self.started = fabric, command, started
        # Sagittal slices have no left and right to exchange.
        self.metrics = MetricsFile(folder)
        self.mirror = None if training.plane == "sagittal" else mirrored(data.labels)
        torch.manual_seed(seed)
        self.network = TissueUNet(len(data.labels), WIDTHS).to(fabric.device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=training.learning_rate)
        self.epoch, self.seconds, self.slices = 0, 0.0, 0
        self.notes: dict[str, Any] = {}
        if state is not None:
            self._take_up(state)
        else:
            self.metrics.cut(0)

    def _take_up(self, state: dict[str, Any]) -> None:
        try:
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.epoch, self.seconds, self.slices = state["epoch"], state["seconds"], state["slices"]
            self.command, self.notes = state["command"], json.loads(state["notes"])
            self.metrics.cut(state["metrics_bytes"])
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise unusable(self.folder / RESUME, error) from error

    def run(self, show: Show | None) -> dict[str, Any]:
        """Train the epochs that are left."""
        keep_freed_memory()
        if self.epoch:
            self._write_network()
        steps = iter(range(self.epoch * self._steps, self.training.epochs * self._steps))
        left = (self.training.epochs - self.epoch) * self._steps
        losses: list[float] = []
        for step in show(steps, left) if show else steps:
            epoch, place = divmod(step, self._steps)
            if place == 0:
                # all noise of an epoch follows from its number, so that it can be taken up at its beginning
                random = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
                batches, losses = self.data.batches(self.training.batch_size, random), []
            begun = time.perf_counter()
            losses.append(self._step(step, *batches[place], random))
            self.seconds += time.perf_counter() - begun
            if place == self._steps - 1:
                self.epoch = epoch + 1
                self._end_epoch(sum(losses) / len(losses))
        return self.notes

    @property
    def _steps(self) -> int:
        """Steps of an epoch."""
        sizes = [len(part.train) for part in self.data.parts]
        return sum(size // min(self.training.batch_size, size) for size in sizes)

    def _step(self, step: int, part: int, rows: IntArray, random: torch.Generator) -> float:
        done = step / (self._steps * self.training.epochs)
        for group in self.optimiser.param_groups:
            group["lr"] = self.training.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
        images, labels = (torch.from_numpy(array).to(self.fabric.device) for array in self.data.parts[part].read(rows))
        images, wanted = vary(images, labels, self.mirror, random)
        self.network.train()
        with self.fabric.autocast():
            logits = self.network(images)
        loss = tissue_loss(logits, wanted)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingStoppedError(
                f"epoch {self.epoch + 1}: the loss is not finite; the last whole epoch is kept, train with a lower "
                "--learning-rate into a new folder"
            )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.slices += len(rows)
        return value

    def _end_epoch(self, loss: float) -> None:
        """Measure the network and write all files."""
        shipped = self._shipped()
        dice = {
            part.data.name: held_out_dice(shipped, part, self.data.labels, self.fabric.device)
            for part in self.data.parts
        }
        self.notes = self._notes(dice)
        means = {name: mean_dice(each) for name, each in dice.items()}
        self.metrics.append(
            {"kind": "epoch", "epoch": self.epoch, "seconds": round(self.seconds, 1), "loss": loss, "dice": means}
        )
        save_resume(
            self.folder,
            {
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "epoch": self.epoch,
                "seconds": self.seconds,
                "slices": self.slices,
                "command": self.command,
                "notes": json.dumps(self.notes),
                "started": json.dumps(self.started),
                "metrics_bytes": self.metrics.size(),
            },
        )
        self._write_network()

    def _write_network(self) -> None:
        """Write weights and card after the checkpoint, from which they can be written again."""
        save_tissue(self.folder, self._shipped(), self._tissue_settings())
        write_tissue_card(self.folder, self._tissue_settings())

    def _shipped(self) -> TissueUNet:
        """Return the network as it is kept, in 16 bits."""
        return copy.deepcopy(self.network).half().float().eval()

    def _notes(self, dice: Mapping[str, Dice]) -> dict[str, Any]:
        return {
            "command": self.command,
            **self.started,
            "epochs_done": self.epoch,
            "minutes": round(self.seconds / 60, 2),
            "slices_per_second": round(self.slices / self.seconds, 1),
            "hardware": f"{hardware()}, {torch.get_num_threads()} threads",
            "versions": {name: version(name) for name in ("brainlab", "torch", "monai")},
            "dice": dict(dice),
        }

    def _tissue_settings(self) -> TissueSettings:
        hashes = [part.data.sha256 for part in self.data.parts]
        return TissueSettings(
            labels=self.data.labels,
            widths=self.network.widths,
            data=" + ".join(part.data.name for part in self.data.parts),
            data_sha256=hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest(),
            simulated=any(part.data.simulated for part in self.data.parts),
            plane=self.training.plane,
            learned=tuple(LearnedImages.of(part.data.recipe) for part in self.data.parts),
            notes=self.notes,
        )


def tissue_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return Dice loss plus cross-entropy of a batch: logits [n, labels, X, Y], labels [n, X, Y].

    The Dice loss (MONAI) sums each label over the batch, for a slice lacks many, and leaves out background; voxels of
    label IGNORED have no part in either.
    """
    from monai.losses import DiceCELoss  # takes a second, which a refusal need not wait for

    logits = logits.float()
    ignored = labels == IGNORED
    certain = torch.zeros(logits.shape[1], device=logits.device)
    certain[0] = CERTAIN
    logits = torch.where(ignored[:, None], certain.view(1, -1, 1, 1), logits)
    loss = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, batch=True)
    return loss(logits, labels.masked_fill(ignored, 0)[:, None])


def _settings(data: TissueData, training: TissueTraining, seed: int) -> dict[str, Any]:
    """Return what must be the same upon resume, as JSON holds it."""
    return {
        **dataclasses.asdict(training),
        "seed": seed,
        "labels": list(data.labels),
        "datasets": [
            {
                "name": part.data.name,
                "sha256": part.data.sha256,
                "labels_sha256": part.labels_sha256,
                "simulated": part.data.simulated,
                "modalities": sorted(map(str, part.seen.scans["modality"].dropna().unique())),
                "sides": list(part.seen.shape),
                "train": _counts(part, part.train),
                "test": _counts(part, part.held_out),
            }
            for part in data.parts
        ],
    }


def _counts(part: LabelledSlices, rows: IntArray) -> dict[str, int]:
    people = part.seen.scans["participant"].iloc[rows].nunique()
    return {"participants": int(people), "scans": len(set(part.scan_numbers[rows].tolist())), "slices": len(rows)}


def _checked_state(folder: Path, started: Mapping[str, Any]) -> dict[str, Any]:
    """Return the last checkpoint of a training with the same settings and data. Raises InputError where they differ."""
    state = load_resume(folder)
    try:
        before = json.loads(state["started"])
        changed = [name for name in started if before[name] != started[name]]
    except (LookupError, TypeError, ValueError) as error:
        raise unusable(folder / RESUME, error) from error
    if changed:
        what = (
            "other data"
            if {"datasets", "labels"} & set(changed)
            else f"other settings ({', '.join(map(flag, changed))})"
        )
        raise InputError(f"{folder}: was started with {what}; resume it as it was started, or train into a new folder")
    return state
