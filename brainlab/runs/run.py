"""Trained runs: a folder on disk, and the network in it behind numpy arrays."""

import hashlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError

from brainlab.cohort.origin import lineage, training_origin
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import View
from brainlab.errors import InputError
from brainlab.images.grid import Grid
from brainlab.methods.conditions import Asked, Condition
from brainlab.methods.generator import Conditional, Generator, StyleBased
from brainlab.methods.method import Ability, Method, Schedule, lacking
from brainlab.methods.outline import outlined
from brainlab.methods.prior import Noise, SeededNoise
from brainlab.methods.recipe import Network
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.calls.asked_images import NOTHING, AskedImages, refuse_guidance_of_nothing
from brainlab.runs.calls.devices import find_device
from brainlab.runs.calls.image_memory import refuse_beyond_memory
from brainlab.runs.files import (
    CONFIG,
    EVALUATION,
    WEIGHTS,
    check_weights,
    naming_network,
    read_evaluation,
    read_settings,
    read_weights,
)
from brainlab.runs.matching.own_recipe import refuse_other_channels
from brainlab.training.checkpoint import MetricsFile
from brainlab.types import Float32Array, FloatArray, Judge
from brainlab.workspace import workspace

PART = 16
"""Images that go through a network at once, so that memory does not grow with their number; fewer of large ones."""

PART_VOXELS = 1 << 23
"""Voxels that go through a network at once at most: four volumes of 128^3, one of 256^3."""

_networks: dict[tuple[str, str, str], Network] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Run:
    """A trained generator or translator. `load_run(folder)` makes one; any thread may call it, with numpy's arrays.

    preset: the name it was trained under.  config, schedule: the settings of the method and of its training.
    settings: the whole `config.json`.  device: where its network computes.
    """

    folder: Path
    name: str
    preset: str
    method: Method[Any]
    config: Any
    schedule: Schedule
    settings: dict[str, Any]
    device: str = "cpu"

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights file; names caches that depend on this run."""
        return hashlib.sha256((self.folder / WEIGHTS).read_bytes()).hexdigest()

    @property
    def abilities(self) -> frozenset[Ability]:
        """What the run can do beside drawing samples."""
        return self.method.abilities_of(self.config)

    def can(self, ability: Ability) -> bool:
        """Whether the run has an ability."""
        return ability in self.abilities

    @cached_property
    def outline(self) -> Network:
        """The network without memory for its weights, for its shapes."""
        with outlined():
            return self.method.network(self.config)

    @property
    def generator(self) -> Generator:
        """The outline of a network that draws images. Raises InputError where the run's does not."""
        self.require("sample")
        return cast(Generator, self.outline)

    @property
    def code_shape(self) -> tuple[int, ...]:
        """Shape of one code. Raises InputError where the run draws no images."""
        return self.generator.prior.code_shape

    @property
    def latent_dim(self) -> int:
        """Numbers in one code, however it is laid out."""
        return math.prod(self.code_shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image, without channel: three sides of a volume, two of a slice.

        Of a translator, which takes volumes of any size, that of the scans it was trained on.
        """
        return tuple(self.generator.sample_shape[1:] if self.can("sample") else self.settings["shape"])

    @property
    def view(self) -> View:
        """What the run reads of a prepared dataset."""
        return self.method.view(self.config)

    def see(self, data: PreparedDataset) -> PreparedDataset:
        """Return a dataset as the run sees it, one row an image: the volumes themselves, or slices of them.

        Raises InputError where it has no images of the run's shape and range, or of a translator's sequences.
        """
        seen = self.view.of(data)
        if not self.can("sample"):
            return seen
        if not seen.grid.fits(self.grid):
            raise InputError(
                f"{data.folder}: {self.name} needs {self.grid}, got {seen.grid}; prepare scans with the run's recipe"
            )
        refuse_other_channels(seen, self.generator.sample_shape[0], self.name)
        return seen

    def fits(self, data: PreparedDataset) -> bool:
        """Whether the run can read a dataset."""
        try:
            self.see(data)
        except InputError:
            return False
        return True

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from voxel indices to mm (RAS) of the scans it was trained on."""
        return np.asarray(self.settings["affine"], dtype=float)

    @property
    def grid(self) -> Grid:
        """Where the voxels of its images lie in the patient, and how the images are looked at."""
        return Grid.recorded(self.shape, self.settings)

    @property
    def simulated(self) -> bool:
        """Whether it was trained on simulated scans, and no run that it started from on others."""
        return all(data["simulated"] for data in lineage(self.settings))

    @property
    def origin(self) -> str:
        """What it was trained on, such as `simulated scans`."""
        return training_origin(self.settings)

    @property
    def card(self) -> str:
        """The run's card in Markdown; empty until training has ended."""
        path = self.folder / "card.md"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def metrics(self) -> pd.DataFrame:
        """Return `metrics.jsonl`, rows of `kind` step and epoch. Raises InputError naming a line that is damaged."""
        return pd.DataFrame(MetricsFile(self.folder).lines())

    @property
    def evaluation_files(self) -> list[Path]:
        """Where an evaluation may lie: beside the run or, for a run in a folder that cannot be written to, apart."""
        apart = workspace() / "cache" / "evaluations" / self.sha256[:16]
        return [self.folder / EVALUATION, apart / EVALUATION]

    @property
    def evaluation_file(self) -> Path | None:
        """Where the last evaluation lies; None where there is none."""
        written = [path for path in self.evaluation_files if path.is_file()]
        return max(written, key=lambda path: path.stat().st_mtime) if written else None

    def evaluation(self) -> dict[str, Any] | None:
        """Return what `brainlab evaluate` measured last, if anything. Raises InputError where the file is damaged."""
        return None if (path := self.evaluation_file) is None else read_evaluation(path)

    def model(self) -> Any:
        """Return the network in evaluation mode, float32; it is loaded once per process, device and weights file."""
        key = (str(self.folder), self.sha256, self.device)
        with _lock:
            if key not in _networks:
                for old in [other for other in _networks if (other[0], other[2]) == (key[0], self.device)]:
                    del _networks[old]
                _networks[key] = self._load()
            return _networks[key]

    def require(self, ability: Ability) -> None:
        """Raise InputError unless the run has an ability."""
        if not self.can(ability):
            who = ": ".join(dict.fromkeys([self.name, self.preset]))
            raise InputError(f"{who} {lacking(ability)}; choose a run that has it")

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What its images can be asked for. Raises InputError where they cannot be."""
        self.require("condition")
        return cast(Conditional, self.outline).conditions

    def decode(
        self, z: FloatArray, *, condition: Asked | None = None, guidance: float = 1.0, away_from: Asked | None = None
    ) -> Float32Array:
        """Return the images [n, *shape] in [0, 1] of codes, asked for as in `sample`; of several channels the first.

        away_from: the condition that guidance leads away from; None is that of nothing told.
        """
        z = self._checked("decoding", "codes", z, self.code_shape)  # [n, *code_shape]
        return self.decode_asked(z, self._asked(condition, len(z), guidance, away_from))

    def encode(self, x: FloatArray, *, condition: Asked | None = None) -> tuple[Float32Array, Float32Array | None]:
        """Return posterior mean and log-variance, each [n, *code_shape], of images [n, C, *shape] in [0, 1].

        The log-variance is None where the method knows no spread.
        condition: what the images show, as in `sample`; decoded under another condition, their codes show that instead.
        """
        self.require("encode")
        x, asked = self._checked("encoding", "images", x, self.generator.sample_shape), self._asked(condition, len(x))
        mean, *spread = self._in_parts(
            lambda part, **told: [v for v in self.model().encode(part, **told) if v is not None], x, asked
        )
        return mean, spread[0] if spread else None

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels that take a style, coarsest first."""
        self.require("styles")
        return tuple(cast(StyleBased, self.outline).levels)

    @property
    def style_shape(self) -> tuple[int, int]:
        """Shape [levels, style_dim] of the styles of one image."""
        return len(self.levels), len(cast(StyleBased, self.outline).mean_style)

    def mean_style(self) -> Float32Array:
        """Return the style [style_dim] that truncation leads to."""
        self.require("styles")
        return np.asarray(self.model().mean_style.float().cpu().numpy(), dtype=np.float32)

    def style(self, z: FloatArray) -> Float32Array:
        """Return the styles of codes, truncated as the codes are: [n, *code_shape] -> [n, style_dim]."""
        self.require("styles")
        z = self._checked("mapping", "codes", z, self.code_shape)
        return self._in_parts(lambda part: (self.model().style(part),), z)[0]

    def from_styles(self, styles: FloatArray) -> Float32Array:
        """Return the images of styles, of several channels the first: [n, levels, style_dim] -> [n, *shape]."""
        styles = self._checked("synthesis", "styles", styles, self.style_shape)
        return self._in_parts(lambda part: (self.model().from_styles(part)[:, 0],), styles)[0]

    def style_gradient(self, styles: FloatArray, judge: Judge) -> tuple[FloatArray, Float32Array]:
        """Return what a judge says of the images of styles [n, levels, style_dim], and its gradient to the styles.

        judge: from images [n, *shape] to a value each [n] and the gradients of what is minimised to the images
            [n, *shape]; asked once, so all n go through the network together.
        Returns the values and the gradients [n, levels, style_dim].
        """
        styles = self._checked("synthesis", "styles", styles, self.style_shape)
        with torch.enable_grad():
            given = torch.from_numpy(styles).to(self.device).requires_grad_()
            images = self.model().from_styles(given)[:, 0]
            values, pull = judge(images.detach().float().cpu().numpy())
            gradient = torch.autograd.grad(images, given, torch.from_numpy(pull).to(images))[0].cpu().numpy()
        if not np.isfinite(gradient).all():
            raise InputError(f"{self.name}: its network gives NaN or infinity for these styles; take smaller ones")
        return values, gradient

    def draw_code(self, noise: Noise, truncation: float = 1.0) -> Float32Array:
        """Draw one code [*code_shape] from the prior."""
        return self.model().prior.draw(1, noise, truncation)[0].numpy()

    def sample(
        self, n: int, seed: int, truncation: float = 1.0, *, condition: Asked | None = None, guidance: float = 1.0
    ) -> tuple[Float32Array, Float32Array]:
        """Draw images from the prior; the same seed gives the same ones.

        truncation: of the prior; below 1 the images are nearer the mean image.
        condition: what they are to show, `{"class": "ms", "age_years": 60}` for all of them or a list of one for each
            (`conditions` has what there is to ask for). What is left out is not told; without any a conditional run
            draws images as they came in training, and not conditions first.
        guidance: 1 follows the condition as it was learnt, more exaggerates it.
        Returns the codes [n, *code_shape] and the images [n, *shape]. Raises InputError on a condition or word that the
        run does not know, and where the images do not fit into half of the machine's memory; `sample_in_parts` has no
        such bound.
        """
        refuse_out_of_range({"n": n})
        refuse_beyond_memory(n, 4 * (self.latent_dim + math.prod(self.shape)))
        parts = self.sample_in_parts(n, seed, truncation, condition=condition, guidance=guidance)
        codes, images = zip(*parts, strict=True)
        return np.concatenate(codes), np.concatenate(images)

    def sample_in_parts(
        self, n: int, seed: int, truncation: float = 1.0, *, condition: Asked | None = None, guidance: float = 1.0
    ) -> Iterator[tuple[Float32Array, Float32Array]]:
        """Draw what `sample` draws, in parts of few images, so that memory does not grow with their number."""
        parts = self.codes_in_parts(n, seed, truncation, condition=condition, guidance=guidance)
        return ((codes, self.decode_asked(codes, asked)) for codes, asked in parts)

    def codes_in_parts(
        self, n: int, seed: int, truncation: float = 1.0, *, condition: Asked | None = None, guidance: float = 1.0
    ) -> Iterator[tuple[Float32Array, AskedImages]]:
        """Draw the codes [k, *code_shape] of `sample_in_parts`, with what their images are asked for."""
        self.require("sample")
        refuse_out_of_range({"n": n, "seed": seed, "truncation": truncation})
        asked = self._asked(condition, n, guidance)
        noise, prior = SeededNoise(seed), self.model().prior
        # torch draws 16 normal numbers at once, and fewer than 16 by other rules; parts of 16 codes and a last one of
        # 16 or more make the same numbers as one draw.
        parts = max(1, n // PART)
        for part in range(parts):
            count = PART if part < parts - 1 else n - PART * (parts - 1)
            z = prior.draw(count, noise, truncation).numpy()
            passes = range(0, count, self._at_once if self._at_once < PART else count)
            for rows in (slice(i, min(i + passes.step, count)) for i in passes):
                yield z[rows], asked.part(slice(PART * part + rows.start, PART * part + rows.stop))

    def decode_asked(self, z: Float32Array, asked: AskedImages) -> Float32Array:
        """Return the images [n, *shape] of codes of `codes_in_parts`."""
        return self._in_parts(lambda part, **told: (self.model().decode(part, **told)[:, 0],), z, asked)[0]

    def _asked(
        self, condition: Asked | None, n: int, guidance: float = 1.0, away_from: Asked | None = None
    ) -> AskedImages:
        """Return what n images are asked for; raise InputError where the run cannot draw it."""
        refuse_guidance_of_nothing(condition, guidance)
        return NOTHING if condition is None else AskedImages.of(self.conditions, condition, n, guidance, away_from)

    @torch.inference_mode(False)  # weights made within it would know no gradients to styles
    def _load(self) -> Network:
        network = self.method.network(self.config)
        try:
            network.load_state_dict(read_weights(self.folder / WEIGHTS))
        except (SafetensorError, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.folder / WEIGHTS}: does not fit its config ({reason}); train it again") from error
        return network.eval().requires_grad_(False).to(self.device)

    def _checked(self, doing: str, what: str, values: FloatArray, shape: tuple[int, ...]) -> Float32Array:
        """Return values as float32 where they are finite and [n, *shape]; raise InputError where not."""
        found = np.ascontiguousarray(values, dtype=np.float32)
        if found.shape[1:] != shape:
            wanted = ", ".join(map(str, shape))
            raise InputError(f"{self.name}: {doing} needs {what} [n, {wanted}], got {list(found.shape)}")
        if not np.isfinite(found).all():
            raise InputError(f"{self.name}: {doing} needs {what} of finite numbers, got NaN or infinity among them")
        return found

    @property
    def _at_once(self) -> int:
        """Images that go through the network at once."""
        return max(1, min(PART, PART_VOXELS // math.prod(self.shape)))

    @torch.inference_mode()
    def _in_parts(
        self, function: Callable[..., Sequence[Any]], values: Float32Array, asked: AskedImages = NOTHING
    ) -> tuple[Float32Array, ...]:
        starts = range(0, max(1, len(values)), self._at_once)
        parts = []
        for rows in (slice(i, i + starts.step) for i in starts):
            inputs = torch.from_numpy(np.ascontiguousarray(values[rows])).to(self.device)
            found = function(inputs, **asked.part(rows).arguments(self.device))
            parts.append(tuple(out.float().cpu().numpy() for out in found))
        whole = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
        if not all(np.isfinite(each).all() for each in whole):
            raise InputError(f"{self.name}: its network gives NaN or infinity for these values; take smaller ones")
        return whole


def load_run(folder: Path | str, device: str | None = None) -> Run:
    """Open a run folder. Raises InputError where it is not one, holds no weights yet, or there is no such device.

    device: where its network computes: cpu, cuda, or auto, which takes a GPU where there is one; None is what
        BRAINLAB_DEVICE says, and cpu where it says nothing.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder}: not a run folder (no {CONFIG}); make one with 'brainlab train'")
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder}: no {WEIGHTS} yet; wait for the first epoch, or resume its training")
    values, method, config, schedule = read_settings(folder)
    run = Run(folder, folder.name, values["preset"], method, config, schedule, values, find_device(device))
    with naming_network(folder / CONFIG):
        run.grid  # noqa: B018  # raises where the plane does not fit
        outline = run.outline
    check_weights(folder / WEIGHTS, outline)
    return run
