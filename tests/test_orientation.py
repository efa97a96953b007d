"""One head comes out the same way round wherever it is shown: L, R, nose and crown in every picture that is made.

The viewer is looked at in tests/e2e/test_orientations.py, with the same marks.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from app.data.exports import gif, png
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.export import save_image
from brainlab.experiments.studies.folder_supply import FolderSupply
from brainlab.experiments.studies.stimuli import CohortSupply, Supply
from brainlab.figures.sheet import Sheet
from brainlab.figures.slices import Tile, show
from brainlab.images.grid import AXES, PLANES, Grid
from brainlab.images.pictures import film_strip
from brainlab.images.provenance import Provenance
from brainlab.images.volume import Volume
from brainlab.reading.images.rendering import render
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.training.diagnostics import save_sample_grid
from tests.orientation_marks import MARKS, check_sides, drawn_head, marked, scanned_head

Pictures = dict[str, np.ndarray]
AFFINE = np.diag([2.0, 2, 2, 1])


@pytest.fixture(scope="module", params=["drawn", pytest.param("LIP", marks=pytest.mark.realdata)])
def head(request: pytest.FixtureRequest) -> np.ndarray:
    """Return a head in RAS order, one of them from a file stored in another order."""
    return drawn_head() if request.param == "drawn" else scanned_head(request.param)


@dataclass(frozen=True, eq=False)
class Shown:
    """An image that pages show."""

    image: np.ndarray
    grid: Grid
    needs_model: ClassVar[bool] = False
    provenance: ClassVar[Provenance] = Provenance(kind="prepared")

    def array(self) -> np.ndarray:
        return np.rint(self.image * 255).astype(np.uint8)


class Draws(nn.Module):
    """A generator that draws one image."""

    def __init__(self, image: np.ndarray) -> None:
        super().__init__()
        self.image = torch.from_numpy(image)[None]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.image.expand(len(z), *self.image.shape)


def tiles(picture: Image.Image, grid: Grid, axis: int) -> Pictures:
    """Part a picture into the square tiles of its planes."""
    return dict(zip(grid.planes, np.split(np.asarray(picture.convert("L")), len(grid.planes), axis=axis), strict=True))


def below_each_other(picture: Image.Image, grid: Grid) -> Pictures:
    """Part a film-strip of one image into its planes, which are as high as their axis that points up."""
    pixels = np.asarray(picture)
    heights = np.array([grid.volume_shape[AXES[plane][1]] for plane in grid.planes])
    ends = np.cumsum(heights) * len(pixels) // heights.sum()
    return dict(zip(grid.planes, np.split(pixels, ends[:-1]), strict=True))


def png_export(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    return tiles(Image.open(io.BytesIO(png([Shown(image, grid)], zoom=2))), grid, axis=0)


def gif_export(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    return tiles(Image.open(io.BytesIO(gif([Shown(image, grid)], zoom=2))), grid, axis=1)


def film(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    return below_each_other(film_strip(image[None], grid), grid)


def training_grid(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    save_sample_grid(Draws(image), torch.zeros(1, 2), folder / "samples.png")
    return below_each_other(Image.open(folder / "samples.png"), grid)


def figure(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    sheet = Sheet(1, "T", "S", "C")
    found = {}
    for plane in grid.planes:
        axes = sheet.axes(0, 0, 1, 1)
        show(axes, Tile(image, grid, plane))
        left, right = (text.get_text() for text in axes.texts)
        assert (left, right) == {"sagittal": ("A", "P")}.get(plane, ("R", "L"))
        sheet.save(folder / "sheet.png")  # what was drawn last lies above
        whole = np.asarray(Image.open(folder / "sheet.png").convert("L"))
        box = axes.get_window_extent()
        top, bottom = (round(len(whole) - edge) for edge in (box.y1, box.y0))
        found[plane] = whole[top:bottom, round(box.x0) : round(box.x1)]
    return found


def protocol(plane: str) -> tuple[Source, Protocol]:
    source = Source(kind="cohort", name="heads", n=1)
    readers = (Reader(code="A"),)
    return source, Protocol(title="Sides", sources=(source,), readers=readers, plane=plane, slice_range=(0.5, 0.5))


def cases(make: Callable[[Source, Protocol], Supply], grid: Grid) -> Pictures:
    """Draw and render the middle slice of each plane, as it is sealed for readers."""
    found = {}
    for plane in grid.planes:
        source, wanted = protocol(plane)
        (stimulus,) = make(source, wanted).draw(1, bytes(32))
        found[plane], _ = render(stimulus.image, stimulus.voxel_size_mm or (1.0, 1.0), wanted)
    return found


def study_of_a_cohort(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    scans = pd.DataFrame({"participant": ["one"], "session": ["1"], "split": ["test"], "class": ["healthy"]})
    recipe = {"affine": grid.affine.tolist(), "plane": grid.plane}
    stored = PreparedDataset(folder, np.rint(image * 255).astype(np.uint8)[None], scans, recipe)
    nobody = np.zeros(1, dtype=bool)
    return cases(lambda source, wanted: CohortSupply(source, wanted, stored, nobody, only_test=False), grid)


def study_of_a_folder_of_nifti(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    Volume(image.reshape(grid.volume_shape), grid.affine).save(folder / "head.nii.gz", axes="PIR")
    return cases(lambda source, wanted: FolderSupply(Source(kind="folder", name=str(folder), n=1), wanted), grid)


def study_of_a_folder_of_pictures(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    """Pictures are of slices as they were looked at, and stay as they are."""

    def supply(source: Source, wanted: Protocol) -> FolderSupply:
        save_image(grid.cut(image, wanted.plane), slice_grid(grid, wanted.plane), folder / "head", Shown.provenance)
        return FolderSupply(Source(kind="folder", name=str(folder), n=1), wanted)

    return cases(supply, grid)


def picture_of_a_slice(image: np.ndarray, grid: Grid, folder: Path) -> Pictures:
    """What `brainlab sample` writes for a run of slices."""
    return {
        plane: np.asarray(
            Image.open(save_image(grid.cut(image, plane), slice_grid(grid, plane), folder / plane, Shown.provenance))
        )
        for plane in grid.planes
    }


def slice_grid(grid: Grid, plane: str) -> Grid:
    return grid if grid.plane else grid.slice_grid(plane)


@pytest.mark.parametrize(
    "place",
    [
        png_export,
        gif_export,
        film,
        training_grid,
        figure,
        study_of_a_cohort,
        study_of_a_folder_of_nifti,
        study_of_a_folder_of_pictures,
        picture_of_a_slice,
    ],
    ids=lambda place: place.__name__,
)
def test_letters_nose_and_crown_are_on_their_sides(place, head, tmp_path):
    volumes = Grid(head.shape, AFFINE)
    for mark in MARKS:
        image = marked(head, mark)
        check_sides(place(image, volumes, tmp_path), mark)
        for plane in PLANES if place is not study_of_a_folder_of_nifti else ():  # which must be volumes
            check_sides(place(volumes.cut(image, plane), volumes.slice_grid(plane), tmp_path), mark)
