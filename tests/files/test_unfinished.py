"""A folder that is not whole says so, and is refused by what reads folders."""

import pytest

from brainlab.cohort.sources.discovery import find_sources
from brainlab.cohort.sources.segmentation_files import find_segmentations
from brainlab.errors import InputError
from brainlab.experiments.evaluation.image_files import open_images
from brainlab.experiments.myelin.synthesised import SynthesisedImages
from brainlab.experiments.studies.folder_images import find_folder_images
from brainlab.files.folder_lock import folder_in_use
from brainlab.files.unfinished import is_unfinished, mark_finished, mark_unfinished, refuse_unfinished


def test_a_folder_is_refused_until_its_work_has_ended(tmp_path):
    refuse_unfinished(tmp_path)
    mark_unfinished(tmp_path, "brainlab simulate")
    assert is_unfinished(tmp_path)
    with pytest.raises(InputError, match=r"is not whole: brainlab simulate was stopped there; run it again as before"):
        refuse_unfinished(tmp_path)
    with (
        folder_in_use(tmp_path, "brainlab simulate"),
        pytest.raises(InputError, match="brainlab simulate is at work there; wait"),
    ):
        refuse_unfinished(tmp_path)
    mark_finished(tmp_path)
    refuse_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda folder: find_sources(folder, "flair-40"),
        lambda folder: find_sources(folder.parent, "flair-40"),
        lambda folder: find_sources(folder / "a_FLAIR.nii.gz", "flair-40"),
        lambda folder: find_sources(folder, "slices-64"),
        lambda folder: find_segmentations(folder, []),
        lambda folder: find_folder_images(folder, "volume"),
        lambda folder: SynthesisedImages.find([folder], []),
        open_images,
    ],
)
def test_what_reads_folders_of_images_refuses_one_that_is_not_whole(read, tmp_path):
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "a_FLAIR.nii.gz").touch()
    mark_unfinished(folder, "brainlab translate")
    with pytest.raises(InputError, match=r"half: is not whole: brainlab translate was stopped there"):
        read(folder)
