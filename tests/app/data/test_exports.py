"""Downloads hold the volume that is on screen, the right way round."""

import io
from dataclasses import dataclass
from typing import ClassVar

import nibabel as nib
import numpy as np
from PIL import Image

from app.data.exports import gif, nifti, png, sheet
from brainlab.images.grid import Grid
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import read_provenance

AFFINE = np.array([[4.0, 0, 0, -78], [0, 4, 0, -94], [0, 0, 4, -70], [0, 0, 0, 1]])


@dataclass(frozen=True)
class Block:
    """A volume that is bright in the patient's right front top, as bright as `level`."""

    level: int = 200
    needs_model: ClassVar[bool] = False

    @property
    def grid(self) -> Grid:
        return Grid((10, 12, 8), AFFINE)

    @property
    def provenance(self) -> Provenance:
        return Provenance(kind="generated", seed=self.level)

    def array(self) -> np.ndarray:
        volume = np.zeros((10, 12, 8), np.uint8)
        volume[5:, 6:, 4:] = self.level
        return volume


def test_a_nifti_holds_the_bytes_in_their_space(tmp_path):
    path = tmp_path / "volume.nii.gz"
    path.write_bytes(nifti(Block()))
    assert read_provenance(path) == (Block().provenance,)
    image = nib.load(path)
    np.testing.assert_allclose(image.affine, AFFINE)
    np.testing.assert_array_equal(np.rint(image.get_fdata() * 255), Block().array())


def test_a_png_has_the_patient_s_right_on_the_left_and_the_front_above():
    picture = np.asarray(Image.open(io.BytesIO(png([Block()], zoom=1))))
    axial = picture[:12, :12]
    assert axial[3, 3] == 200
    assert axial[3, 9] == axial[9, 3] == 0


def test_a_picture_says_of_each_image_where_it_comes_from(tmp_path):
    blocks = [Block(0), Block(100), Block(200)]
    for name, make in (("a.png", sheet(blocks, 2)), ("a.gif", gif(blocks))):
        (tmp_path / name).write_bytes(make)
        assert [said.seed for said in read_provenance(tmp_path / name)] == [0, 100, 200]


def test_a_gif_goes_to_and_fro():
    picture = Image.open(io.BytesIO(gif([Block(0), Block(100), Block(200)], zoom=1)))
    levels = []
    for number in range(picture.n_frames):
        picture.seek(number)
        levels.append(int(np.asarray(picture.convert("L")).max()))
    assert levels == [0, 100, 200, 100]
