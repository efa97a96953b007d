"""What an import remembers."""

import json
from pathlib import Path

import pytest

from brainlab.cohort.dicom.register import RECORD, Register
from brainlab.errors import InputError

KEY = bytes(range(32))


def test_labels_are_kept(tmp_path: Path):
    first = Register(tmp_path, KEY)
    labels = [first.person("a"), first.person("b"), first.visit("sub-01", "x"), first.visit("sub-01", "y")]
    assert labels == ["sub-01", "sub-02", "ses-01", "ses-02"]
    first.add_image("series", "echo-1", "sub-01/ses-01/anat/sub-01_ses-01_T1w.nii.gz", "hash")
    first.write()
    second = Register(tmp_path, KEY)
    assert [second.person("b"), second.visit("sub-01", "y"), second.person("c")] == ["sub-02", "ses-02", "sub-03"]
    assert second.image("series", "echo-1") == {
        "file": "sub-01/ses-01/anat/sub-01_ses-01_T1w.nii.gz",
        "images": "hash",
    }
    assert second.image("series", "echo-2") is None


def test_an_image_is_known_by_what_it_is_made_of(tmp_path: Path):
    register = Register(tmp_path, KEY)
    register.add_image("series", "", "sub-01/ses-01/anat/sub-01_ses-01_T1w.nii.gz", "hash")
    assert register.same_image("hash") == register.image("series", "")
    assert register.same_image("other") is None


def test_visits_of_others_are_their_own(tmp_path: Path):
    register = Register(tmp_path, KEY)
    assert register.visit("sub-01", "day") == register.visit("sub-02", "day") == "ses-01"


def test_numbers_of_people_who_are_there_are_not_given_again(tmp_path: Path):
    (tmp_path / "sub-004" / "ses-2").mkdir(parents=True)
    (tmp_path / "sub-xy").mkdir()
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-10\n", encoding="utf-8")
    assert Register(tmp_path, KEY).person("a") == "sub-11"


@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".json"])
def test_names_of_images_that_are_there_are_taken(ending: str, tmp_path: Path):
    register = Register(tmp_path, KEY)
    (tmp_path / "anat").mkdir()
    (tmp_path / "anat" / f"T1w{ending}").touch()
    assert register.is_taken("anat/T1w")
    assert not register.is_taken("anat/T2w")
    register.add_image("series", "", "anat/T2w.nii.gz", "hash")
    assert register.is_taken("anat/T2w")


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("people"),
        lambda record: record.update(images=[1]),
        lambda record: record.update(images={"x": {"file": "/etc/passwd.nii.gz", "images": ""}}),
        lambda record: record.update(images={"x": {"file": "sub-01/../../x.nii.gz", "images": ""}}),
        lambda record: record.update(people={"x": 1}),
    ],
)
def test_a_record_that_is_none_is_refused(change, tmp_path: Path):
    register = Register(tmp_path, KEY)
    register.person("a")
    register.write()
    record = json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))
    change(record)
    for text in (json.dumps(record), "[" * 3000):
        (tmp_path / RECORD).write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="needs the record of an import"):
            Register(tmp_path, KEY)


def test_a_record_of_another_key_is_refused(tmp_path: Path):
    Register(tmp_path, KEY).write()
    with pytest.raises(InputError, match="another workspace"):
        Register(tmp_path, b"other" * 7)
