"""A prepared dataset is whole or not there; the split depends on the participant alone."""

import hashlib
import json
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort import prepared
from brainlab.cohort.prepared import PreparedDataset, check_replaceable, participant_split, write_prepared
from brainlab.cohort.scan_table import COLUMNS
from brainlab.errors import InputError
from brainlab.pseudonyms import keyed_hash

RECIPE = {"name": "tiny", "shape": [3, 4, 5], "affine": np.eye(4).tolist(), "simulated": True}


def table(count: int) -> pd.DataFrame:
    rows = pd.DataFrame({"participant": [f"p{n}" for n in range(count)], "split": ["train", "test"] * (count // 2)})
    return rows.reindex(columns=COLUMNS)


def volumes(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 3, 4, 5), dtype=np.float32)


@pytest.mark.parametrize(("dtype", "error"), [("uint8", 0.5 / 255 + 1e-6), ("float16", 1e-3)])
def test_round_trip(tmp_path: Path, dtype: str, error: float) -> None:
    written = write_prepared(tmp_path / "set", volumes(4), table(4), RECIPE, dtype)
    opened = PreparedDataset.open(tmp_path / "set")
    assert written.sha256 == opened.sha256
    assert opened.volumes.dtype == dtype
    assert (opened.shape, opened.simulated, opened.name, len(opened)) == ((3, 4, 5), True, "set", 4)
    batch = opened.batch(np.array([2, 0]))
    assert batch.shape == (2, 1, 3, 4, 5)
    np.testing.assert_allclose(batch[:, 0], volumes(4)[[2, 0]], atol=error)
    np.testing.assert_array_equal(opened.indices("test"), [1, 3])
    assert opened.participant_hashes("test", b"key") == sorted(keyed_hash(name, b"key") for name in ("p1", "p3"))
    assert opened.voxel_hashes == written.voxel_hashes
    assert len(set(opened.voxel_hashes)) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_images_are_named_by_kind_and_number(tmp_path: Path) -> None:
    flat = {**RECIPE, "shape": [3, 4]}
    assert write_prepared(tmp_path / "two", volumes(2), table(2), RECIPE).noun == "scans"
    assert write_prepared(tmp_path / "one", volumes(1), table(2)[:1], RECIPE).noun == "scan"
    assert write_prepared(tmp_path / "flat", volumes(1)[..., 0], table(2)[:1], flat).noun == "slice"


def test_slices_say_which_plane_they_show(tmp_path: Path) -> None:
    flat = {**RECIPE, "shape": [3, 4]}
    for name, recipe, plane in (("old", flat, "axial"), ("new", {**flat, "plane": "coronal"}, "coronal")):
        written = write_prepared(tmp_path / name, volumes(2)[..., 0], table(2), recipe)
        assert json.loads((tmp_path / name / "recipe.json").read_text(encoding="utf-8"))["plane"] == plane
        assert (written.grid.shape, written.grid.plane) == ((3, 4), plane)
    write_prepared(tmp_path / "deep", volumes(2), table(2), RECIPE)
    text = (tmp_path / "deep" / "recipe.json").read_text(encoding="utf-8")
    assert "plane" not in json.loads(text)
    for plane, said in (("axial", "axial slices need 2 sides, got 3"), ("oblique", "plane: needs one of axial")):
        (tmp_path / "deep" / "recipe.json").write_text(
            json.dumps({**json.loads(text), "plane": plane}), encoding="utf-8"
        )
        with pytest.raises(InputError, match=f"deep: damaged prepared dataset .*{said}"):
            PreparedDataset.open(tmp_path / "deep")


def test_slices_of_a_scan_share_a_hash_and_empty_slices_are_nobodys(tmp_path: Path) -> None:
    rows = table(6).assign(
        participant=list("aaabbb"), session="ses-01", modality="dwi", slice=[0, 1, 2] * 2, split="train"
    )
    images = volumes(6)[..., 0]
    images[[2, 5]] = 0.0  # above both heads: equal, and no sign that they are one person
    first = write_prepared(tmp_path / "one", images, rows, {**RECIPE, "shape": [3, 4]}).voxel_hashes
    assert first[0] == first[1] == first[2] != first[3] == first[4] == first[5]
    renamed = write_prepared(
        tmp_path / "two", images, rows.assign(participant=list("cccddd")), {**RECIPE, "shape": [3, 4]}
    )
    assert renamed.voxel_hashes == first


def test_the_hash_of_a_dataset_is_of_all_volumes_and_the_table(tmp_path: Path) -> None:
    tiny = {**RECIPE, "shape": [1, 1, 1]}
    grey = np.zeros((300, 1, 1, 1), np.float32)
    hashes = {write_prepared(tmp_path / "set", grey, table(300), tiny).sha256}
    hashes.add(write_prepared(tmp_path / "set", grey, table(300).assign(**{"class": "ms"}), tiny).sha256)
    grey[299] = 1
    hashes.add(write_prepared(tmp_path / "set", grey, table(300), tiny).sha256)
    assert len(hashes) == 3


def test_replaces_only_its_own_kind(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_prepared(tmp_path / "set", volumes(2), table(2), RECIPE)
    write_prepared(tmp_path / "set", volumes(4), table(4), RECIPE)
    assert len(PreparedDataset.open(tmp_path / "set")) == 4
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not a prepared dataset"):
        write_prepared(tmp_path / "other", volumes(2), table(2), RECIPE)
    assert (tmp_path / "other" / "letter.txt").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def replaceable(tmp_path: Path) -> tuple[Path, dict[str, Path]]:
    """A prepared dataset in `set` and the files that it was made from, with one more."""
    sources = {f"p{number}.nii": tmp_path / f"p{number}.nii" for number in range(5)}
    for name, path in sources.items():
        path.write_text(name, encoding="utf-8")
    rows = table(4)
    rows["source"] = list(sources)[:4]
    rows["sha256"] = [hashlib.sha256(name.encode()).hexdigest() for name in rows["source"]]
    write_prepared(tmp_path / "set", volumes(4), rows, RECIPE)
    return tmp_path / "set", sources


def test_the_same_scans_and_more_may_replace_a_dataset(replaceable: tuple[Path, dict[str, Path]]) -> None:
    check_replaceable(*replaceable, RECIPE, "uint8")


@pytest.mark.parametrize("number", [0, 2, 3])
def test_other_scans_of_the_same_names_may_not(replaceable: tuple[Path, dict[str, Path]], number: int) -> None:
    folder, sources = replaceable
    sources[f"p{number}.nii"].write_text("another person", encoding="utf-8")
    with pytest.raises(InputError, match=f"of other scans, such as another p{number}.*--overwrite"):
        check_replaceable(folder, sources, RECIPE, "uint8")
    check_replaceable(folder, sources, RECIPE, "uint8", overwrite=True)


def test_fewer_scans_another_recipe_or_a_damaged_table_may_not(replaceable: tuple[Path, dict[str, Path]]) -> None:
    folder, sources = replaceable
    for changed, dtype in (({**RECIPE, "shape": [1, 1, 1]}, "uint8"), (RECIPE, "float16")):
        with pytest.raises(InputError, match="made in another way"):
            check_replaceable(folder, sources, changed, dtype)
    del sources["p1.nii"]
    with pytest.raises(InputError, match=r"1 of 4 scans that are not among the new ones, such as p1\.nii"):
        check_replaceable(folder, sources, RECIPE, "uint8")
    (folder / "scans.tsv").write_text("participant\np0\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        check_replaceable(folder, sources, RECIPE, "uint8")


def test_a_swap_that_fails_leaves_the_old_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = write_prepared(tmp_path / "set", volumes(2), table(2), RECIPE)
    real = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == ".set.writing":
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Input/output"):
        write_prepared(tmp_path / "set", volumes(4), table(4), RECIPE)
    assert PreparedDataset.open(tmp_path / "set").sha256 == old.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_interrupted_write_leaves_the_old_set(tmp_path: Path) -> None:
    old = write_prepared(tmp_path / "set", volumes(2), table(2), RECIPE)

    def broken():
        yield volumes(1)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_prepared(tmp_path / "set", broken(), table(2), RECIPE)
    assert PreparedDataset.open(tmp_path / "set").sha256 == old.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_parts_must_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="each of the 4 rows of the table, got 2"):
        write_prepared(tmp_path / "set", volumes(2), table(4), RECIPE)
    with pytest.raises(InputError, match="shape"):
        write_prepared(tmp_path / "set", volumes(2)[:, :2], table(2), RECIPE)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="not a prepared dataset"):
        PreparedDataset.open(tmp_path / "set")
    write_prepared(tmp_path / "set", volumes(4), table(4), RECIPE)
    table(2).to_csv(tmp_path / "set" / "scans.tsv", sep="\t", index=False)
    with pytest.raises(InputError, match="4 volumes but 2 rows"):
        PreparedDataset.open(tmp_path / "set")
    (tmp_path / "set" / "scans.tsv").write_text("participant\tsplit\np1\ttrain\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"scans.tsv: needs the columns .* got none named class"):
        PreparedDataset.open(tmp_path / "set")
    (tmp_path / "set" / "scans.tsv").unlink()
    with pytest.raises(InputError, match=r"scans.tsv: cannot be read \(No such file"):
        PreparedDataset.open(tmp_path / "set")
    for text in ("{", "[" * 3000):
        (tmp_path / "set" / "recipe.json").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="damaged"):
            PreparedDataset.open(tmp_path / "set")


def test_a_table_sorted_by_hand_is_refused(tmp_path: Path) -> None:
    """Volumes have no names: in another order every scan would get the class of another."""
    rows = table(4).assign(sha256=[f"{number:064x}" for number in range(4)])
    recipe = write_prepared(tmp_path / "set", volumes(4), rows, RECIPE).recipe
    rows.iloc[::-1].to_csv(tmp_path / "set" / "scans.tsv", sep="\t", index=False, na_rep="n/a")
    with pytest.raises(InputError, match="in another order than the volumes"):
        PreparedDataset.open(tmp_path / "set")
    rows.assign(**{"class": "ms"}).to_csv(tmp_path / "set" / "scans.tsv", sep="\t", index=False, na_rep="n/a")
    assert set(PreparedDataset.open(tmp_path / "set").scans["class"]) == {"ms"}
    # a part of the scans with the record of all, as `write_prepared` is given by who copies a dataset
    assert len(write_prepared(tmp_path / "part", volumes(2), rows.iloc[2:], recipe)) == 2


def test_ships_compressed(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 3, volumes(2).shape, dtype=np.uint8)
    recipe = {**RECIPE, "labels": {"1": "ventricles", "2": "cortex"}}
    whole = write_prepared(tmp_path / "set", volumes(2), table(2), recipe, segmentations=labels)
    expected = np.array(whole.volumes)
    for name in ("volumes.npy", "segmentations.npy"):
        plain, packed = tmp_path / "set" / name, tmp_path / "set" / f"{name}.xz"
        packed.write_bytes(lzma.compress(plain.read_bytes()))
        plain.unlink()
    found = PreparedDataset.open(tmp_path / "set")
    np.testing.assert_array_equal(found.volumes, expected)
    np.testing.assert_array_equal(found.segmentations, labels)
    plain.unlink()
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"segmentations\.npy\.xz: cannot be unpacked"):
        PreparedDataset.open(tmp_path / "set")
    assert not plain.exists()


def test_split_is_a_tenth_and_does_not_move() -> None:
    names = [f"sub-{number:04d}" for number in range(5000)]
    share = np.mean([participant_split(name) == "test" for name in names])
    assert 0.08 < share < 0.12
    # By coreutils: echo -n "brainlab:sub-0003" | sha256sum begins with less than a tenth of 2^64.
    held_out = [name for name in names[1:60] if participant_split(name) == "test"]
    assert held_out == [f"sub-{number:04d}" for number in (3, 4, 17, 29, 31, 32, 34, 55)]
    assert prepared.TEST_SHARE == 0.1
    # the rule as it is documented, written out: cohorts that are prepared already must keep their test people
    for name in names[:200]:
        share = int(hashlib.sha256(f"brainlab:{name}".encode()).hexdigest()[:16], 16) / 2**64
        assert participant_split(name) == ("test" if share < 0.1 else "train")


def test_recipe_is_kept(tmp_path: Path) -> None:
    write_prepared(tmp_path / "set", volumes(2), table(2), RECIPE)
    assert json.loads((tmp_path / "set" / "recipe.json").read_text(encoding="utf-8")) == {**RECIPE, "dtype": "uint8"}


def test_classes_are_names_and_missing_ones_are_missing(tmp_path: Path) -> None:
    rows = table(4)
    rows["class"] = ["01", None, "unlabelled", "2"]
    write_prepared(tmp_path / "set", volumes(4), rows, RECIPE)
    read = PreparedDataset.open(tmp_path / "set").scans["class"]
    assert (read[0], read[3]) == ("01", "2")
    assert read[1:2].isna().all()


def test_several_channels_come_back_in_order(tmp_path: Path) -> None:
    recipe = {**RECIPE, "channels": ["FLAIR", "T1w"]}
    both = np.random.default_rng(0).random((4, 2, *RECIPE["shape"])).astype(np.float32)
    opened = write_prepared(tmp_path / "set", both, table(4), recipe)
    assert (opened.channels, opened.shape, opened.unit_range) == (("FLAIR", "T1w"), tuple(RECIPE["shape"]), True)
    np.testing.assert_allclose(opened.batch(np.array([2])), both[2:3], atol=0.5 / 255 + 1e-6)
    assert np.array_equal(opened.shown(2), np.rint(both[2, 0] * 255))
    assert np.array_equal(opened.shown(2, 1), np.rint(both[2, 1] * 255))
    record = json.loads((tmp_path / "set" / "recipe.json").read_text(encoding="utf-8"))
    for wrong in (["FLAIR", "T1w", "T2w"], []):
        (tmp_path / "set" / "recipe.json").write_text(json.dumps({**record, "channels": wrong}), encoding="utf-8")
        with pytest.raises(InputError, match="damaged prepared dataset"):
            PreparedDataset.open(tmp_path / "set")


def test_z_scores_are_kept_and_shown_in_a_window(tmp_path: Path) -> None:
    recipe = {**RECIPE, "intensity": "z-score"}
    scores = np.linspace(-3, 5, 4 * np.prod(RECIPE["shape"]), dtype=np.float32).reshape(4, *RECIPE["shape"])
    opened = write_prepared(tmp_path / "set", scores, table(4), recipe, "float16")
    assert not opened.unit_range
    np.testing.assert_allclose(opened.batch(opened.indices())[:, 0], scores, atol=2e-3)
    shown = np.stack([opened.shown(row) for row in range(4)])
    assert (shown[scores < -2.1].max(), shown[scores > 4.1].min()) == (0, 255)
    with pytest.raises(InputError, match="z-scores need float16, got uint8"):
        write_prepared(tmp_path / "bytes", np.clip(scores, 0, 1), table(4), recipe)
