"""Figures of synthesised images from tiny cross-validations: whose scan is shown, by which run, and how far off."""

import dataclasses
import itertools
import shutil

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from brainlab.cli import main
from brainlab.cohort.prepared import write_prepared
from brainlab.errors import InputError
from brainlab.evaluation.synthesis.lesions import segment_lesions
from brainlab.experiments.cross_validation.folds import cross_validate
from brainlab.experiments.cross_validation.record import find_records, read_record, write_record
from brainlab.experiments.figures.paper_figures import FIGURES
from brainlab.experiments.figures.synthesis import at_hand, myelin_maps, saliency_images, sections, translator_images
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.tables.translators import FIVE, MTR_AND_DTI
from brainlab.figures.slices import tile_pixels
from brainlab.myelin.indices import MyelinMaps
from brainlab.runs.run import load_run
from brainlab.translation.unet import UNetConfig
from tests.conftest import AFFINE
from tests.experiments.figures.wei_records import ONE_EPOCH, PATCH, as_method, linear_record, shown, words
from tests.experiments.myelin.hand_made import Person, write

SHAPE = (20, 24, 12)
PEOPLE = 6
SEQUENCES = ("FLAIR", *FIVE)


def head(person):
    """Return the labels of a head with white matter; the lesions grow from person to person, the first has none."""
    x, y, _ = np.indices(SHAPE)
    labels = np.where(np.hypot((x - 9.5) / 6, (y - 11.5) / 8) < 1, 1, 0)
    labels[5 : 5 + 2 * person, 8:12, 3:5] = 2 if person else 1
    return labels.astype(np.uint8)


def write_flair(folder):
    """Write scans whose FLAIR is the mean of the inputs but in lesions, which are brighter than any input says."""
    images, rows = [], []
    for person in range(PEOPLE):
        random = np.random.default_rng(person)
        inputs = random.normal(0, 1, (5, *SHAPE))
        flair = inputs.mean(0) + random.normal(0, 0.1, SHAPE) + np.where(head(person) == 2, 3.0, 0.0)
        images.append(np.stack([flair, *inputs]).astype(np.float32))
        rows.append({"participant": f"sub-{person}", "class": "ms" if person else "healthy", "split": "train"})
    recipe = {
        "name": "flair-synthesis", "shape": list(SHAPE), "affine": AFFINE, "channels": list(SEQUENCES),
        "intensity": "z-score", "z_scores": {name: {"mean": 100.0, "sd": 20.0} for name in SEQUENCES},
        "labels": {"1": "left-white", "2": "lesion"}, "simulated": True,
    }  # fmt: skip
    return write_prepared(
        folder, images, pd.DataFrame(rows), recipe, "float16", segmentations=[head(one) for one in range(PEOPLE)]
    )


@pytest.fixture(scope="module")
def flair(tmp_path_factory):
    """A dataset, and a folder with a linear model and its runs, and what is said to be a forest and has none."""
    place = tmp_path_factory.mktemp("wei-flair")
    data = write_flair(place / "flair")
    made = linear_record(data, place / "cv" / "linear", FIVE, "FLAIR")
    forest = {"name": "random-forest", "method": "random-forest", "source": ""}
    as_method(made, place / "cv" / "forest", lambda scan: {**scan, "mse": 2 * scan["mse"]}, **forest)
    return data, place / "cv"


def drawn(name, folder, data):
    return FIGURES[name].draw(records=find_records([folder]), data=[data])


def run_of_row(folder, row):
    record = read_record(folder / "linear" / "cross-validation.json")
    number = next(one.number for one in record.measured if row in {scan["row"] for scan in one.scans})
    return load_run(folder / "linear" / f"fold-{number}")


def test_the_patient_of_median_load_is_shown_and_translated_by_the_run_that_held_them_out(flair):
    data, folder = flair
    sheet = drawn("wei-2.4", folder, data)
    scan = sections.of_median_load(data, range(PEOPLE))
    assert scan.row == 3, "of five patients with 16 to 80 voxels of lesion"
    made = translate(run_of_row(folder, 3), scan.sequences(FIVE))
    truth = scan.sequences(["FLAIR"])[0]
    section = scan.section()
    assert section.index in (3, 4)
    limit = sections.common_limit([np.where(scan.brain, made - truth, 0)], scan.brain)
    true, first, outlined, below, _ = shown(sheet)
    window = sections.window_of(truth, scan.brain)
    tiles = [section.grey(image, window) for image in (truth, np.where(scan.brain, made, window[0]).astype(np.float32))]
    for pixels, tile in zip((true, first), tiles, strict=True):
        np.testing.assert_array_equal(pixels, tile_pixels(tile))
    np.testing.assert_array_equal(outlined, true)
    lesion = tile_pixels(section.grey(scan.lesions.astype(np.float32), (0, 1))) == 1
    assert (below[lesion] < -0.6 * limit).all(), "lesions that no input tells of are too dark, and so blue"
    outside = tile_pixels(section.grey(scan.brain.astype(np.float32), (0, 1))) == 0
    assert (below[outside] == 0).all()
    assert np.abs(below).max() <= limit * (1 + 1e-6)


@pytest.mark.parametrize("name", ["wei-2.4", "wei-2.5", "wei-2.6"])
def test_every_figure_says_simulated_where_it_is_from_and_what_is_left_out(name, flair):
    said = words(drawn(name, flair[1], flair[0]))
    for part in ("Simulated data", "“flair”", f"After figure {name[4:]} of Wei's thesis", "no pass mark"):
        assert part in said
    if name == "wei-2.4":
        assert "none of their runs of these scans is at hand: random forest, 60 trees" in said
        assert "no cross-validation is at hand: modality propagation, multilayer perceptron" in said


def test_lesions_are_segmented_in_both_images_of_the_best_and_the_worst_scan(flair):
    data, folder = flair
    record = read_record(folder / "linear" / "cross-validation.json")
    measured = {scan["row"]: 0.1 * scan["row"] for scan in record.scans() if scan["row"]}
    folds = [
        dataclasses.replace(one, scans=tuple({**scan, "lesion_dice": measured.get(scan["row"])} for scan in one.scans))
        for one in record.measured
    ]
    known = dataclasses.replace(record, measured=tuple(folds))
    sheet = translator_images.segmented_lesions([known], [data])
    assert "highest Dice 0.50 lowest Dice 0.10" in " ".join(words(sheet).replace("\n", " ").split())
    axes = [each for each in sheet.figure.axes if each.images]
    assert [len(each.images) for each in axes] == [1, 2, 1, 2] * 2
    scan = sections.HeldOutScan(data, 5)
    found = segment_lesions(scan.sequences(["FLAIR"])[0], scan.white_matter)
    painted = axes[1].images[1].get_array()
    assert (~painted.mask).sum() == scan.section(found).cut(found).sum() > 0


def test_one_scan_with_lesions_has_no_highest_and_lowest_dice(flair):
    data, folder = flair
    record = read_record(folder / "linear" / "cross-validation.json")
    alone = [
        dataclasses.replace(one, scans=tuple({**scan, "lesion_dice": None} for scan in one.scans))
        for one in record.measured
    ]
    with pytest.raises(InputError, match=r"wei-2\.5: needs two held-out scans or more .* got 0; do the other folds"):
        translator_images.segmented_lesions([dataclasses.replace(record, measured=tuple(alone))], [data])


def test_sets_of_inputs_are_of_the_width_that_most_were_learned_with(flair):
    data, folder = flair
    record = read_record(folder / "linear" / "cross-validation.json")

    def as_fcn(filters, inputs):
        config = {"kernel": 3, "depth": 3, "filters": filters}
        return dataclasses.replace(record, method="fcn", inputs=inputs, config=config)

    made = [as_fcn(64, FIVE), as_fcn(32, FIVE), as_fcn(32, ("T1w", "DIR"))]
    sheet = translator_images.flair_by_inputs(made, [data])
    said = words(sheet)
    assert "here with 32 filters" in said
    assert "all five" in said
    assert "T1 + DIR" in said
    assert "no cross-validation is at hand: T2 + DIR, T1 + T2, T1 + T2 + DIR, T1 + T2 + PD" in said


def test_p3s_maps_stand_above_their_inputs_with_shares_that_sum_to_one(flair):
    data, folder = flair
    sheet = drawn("wei-2.6", folder, data)
    assert len(shown(sheet)) == 2 * len(FIVE) + 1, "maps, inputs and the bar of their scale"
    shares = [int(word[:-1]) for word in words(sheet).split() if word.endswith("%") and word != "100%"]
    assert len(shares) == len(FIVE)
    assert sum(shares) == pytest.approx(100, abs=3)


def test_sections_are_cropped_to_the_brain_and_lie_as_the_grid_says(flair):
    scan = sections.HeldOutScan(flair[0], 4)
    section = scan.section()
    assert scan.lesions[..., section.index].sum() == scan.lesions.sum(axis=(0, 1)).max()
    assert section.cut(scan.brain).sum() == scan.brain[..., section.index].sum()
    assert all(own < whole for own, whole in zip(section.shape, SHAPE[:2], strict=True))
    marked = np.zeros(SHAPE, np.float32)
    marked[4, 11, section.index] = 1  # the patient's left, for the first axis runs towards the right
    _, columns = np.nonzero(tile_pixels(section.grey(marked, (0, 1))))
    assert columns[0] > section.shape[1] / 2


def test_patients_are_spread_from_few_to_many_lesions_and_nobody_comes_twice(flair):
    data = flair[0]
    chosen = sections.spread_over_load(data, range(PEOPLE), 3)
    assert [scan.row for scan in chosen] == [1, 3, 5]
    one = dataclasses.replace(data, scans=data.scans.assign(participant="sub-1"))
    assert [scan.row for scan in sections.spread_over_load(one, range(PEOPLE), 3)] == [1]
    with pytest.raises(InputError, match="needs a held-out scan with lesions"):
        sections.spread_over_load(data, [0], 3)
    with pytest.raises(InputError, match="needs a held-out scan with lesions"):
        sections.of_median_load(data, [0])


def test_bands_are_about_as_long_as_one_another():
    assert sections.in_bands(list("abcdefghi")) == [list("abcde"), list("fghi")]
    assert sections.in_bands(list("abc")) == [list("abc")]
    assert all(sections.tile_width_in(n) * n + sections.LABEL_IN <= sections.BODY_IN for n in range(1, 8))


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        ("runs", "wei-2.4: needs the runs of a cross-validation, fold-1 and so on beside its file, got none in"),
        ("data", "wei-2.4: --data: needs the dataset flair"),
        ("no data", "got none; name its folder"),
        ("records", "wei-2.4: needs cross-validations of FLAIR by any of random forest"),
        ("other run", "needs flair-linear of fold"),
    ],
)
def test_what_is_missing_is_said_in_one_line(damage, part, flair, tmp_path, capsys):
    data, folder = flair
    copy = tmp_path / "cv"
    shutil.copytree(folder / "linear", copy / "linear")
    place = data.folder
    if damage == "runs":
        for number in (1, 2):
            shutil.rmtree(copy / "linear" / f"fold-{number}")
    elif damage == "data":
        place = write_flair(tmp_path / "other").folder
        volumes = np.load(place / "volumes.npy", mmap_mode="r+")
        volumes[0] += 1
    elif damage == "records":
        record = read_record(copy / "linear" / "cross-validation.json")
        write_record(dataclasses.replace(record, target="T2w"), copy / "linear")
    elif damage == "other run":
        for number in (1, 2):
            shutil.rmtree(copy / "linear" / f"fold-{number}")
            shutil.copytree(folder / "linear" / f"fold-{3 - number}", copy / "linear" / f"fold-{number}")
    named = [] if damage == "no data" else ["--data", str(place)]
    out = ["--out", str(tmp_path / "pictures")]
    assert main(["figures", "wei-2.4", "--records", str(copy), *named, *out]) == 2
    said = capsys.readouterr().err
    assert part in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "pictures").exists()


def test_options_that_no_figure_reads_are_refused(tmp_path, capsys):
    assert main(["figures", "flair-2", "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: --data: needs a figure that reads it (wei-2.4, wei-2.5")
    assert main(["figures", "wei-3.8", "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith("got wei-3.8; leave it out\n")
    assert main(["figures", "slice-2", "--records", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: --records: needs a figure that reads it (wei-2.3, wei-2.4")


def test_records_on_the_data_of_most_are_shown(flair):
    _, folder = flair
    (linear,) = (one for one in find_records([folder]) if one.method == "linear")
    other = dataclasses.replace(linear, method="unet", data={**linear.data, "sha256": "b"})
    forest = dataclasses.replace(linear, method="random-forest")
    matches = {name: lambda record, name=name: record.method == name for name in ("unet", "linear", "random-forest")}
    found = at_hand.methods_at_hand([other, linear, forest], matches, "FLAIR", "t")
    assert list(found.records) == ["linear", "random-forest"]
    assert found.said == "Not shown, as measured on other data: unet. "


def inputs_of_pet(dvr, place):
    """Return MTR that follows DVR with an error that grows from visit to visit, and three sequences of noise."""
    random = np.random.default_rng(place)
    noise = random.normal(0, 1, (3, *dvr.shape)).astype(np.float32)
    mtr = 30 * dvr + random.normal(0, 0.3 * (place % 16), dvr.shape).astype(np.float32)
    return {"MTRmap": mtr, **dict(zip(("FAmap", "RDmap", "ADmap"), noise, strict=True))}


def padded(data, folder):
    """Write a dataset again with room around it, as SSIM has a window of 11 voxels."""
    room = ((0, 0), (1, 1), (2, 2))
    images = [np.pad(one.astype(np.float32), ((0, 0), *room), mode="edge") for one in data.volumes]
    labels = [np.pad(one, room) for one in data.segmentations]
    recipe = {**data.recipe, "shape": list(images[0].shape[1:])}
    return write_prepared(folder, images, data.scans, recipe, "float16", segmentations=labels)


@pytest.fixture(scope="module")
def pet(tmp_path_factory):
    """A dataset of two visits each, a linear model and its runs, and networks by two errors."""
    place = tmp_path_factory.mktemp("wei-pet")
    people = [Person(f"sub-h{number}", "healthy", ((), ()), size=0) for number in range(4)]
    for number in range(6):
        first, last = range(1, 15 + number), (*range(1, 8), *range(25, 27 + number))
        people.append(Person(f"sub-m{number}", "ms", (tuple(first), last), 40.0 + number))
    data = padded(write(place / "small", people, inputs=inputs_of_pet), place / "pet")
    linear_record(data, place / "cv" / "linear", MTR_AND_DTI, "DVR")
    sizes = {"inputs": MTR_AND_DTI, "target": "DVR", "patch": PATCH, "maps": 4, "up_maps": 4, "levels": 1}
    for error in ("l1", "weighted-l1"):
        config = UNetConfig(error=error, **sizes)
        cross_validate("pet-unet", data, place / "cv" / error, folds=2, only=[1], config=config, schedule=ONE_EPOCH)
    return data, place / "cv"


@pytest.mark.parametrize("name", ["wei-3.4", "wei-4.3"])
def test_pet_is_shown_as_dvr_from_zero(name, pet):
    data, folder = pet
    said = words(drawn(name, folder, data))
    assert "One grey scale for all, from 0 to 1." in said
    assert f"After figure {name[4:]} of Wei's thesis" in said
    assert "linear (ours)" in said


def test_attention_is_shown_by_both_errors_with_lesions_outlined(pet):
    data, folder = pet
    sheet = drawn("wei-3.9", folder, data)
    tiles = [axes for axes in sheet.figure.axes if axes.images]
    assert len(tiles) % 3 == 0
    assert all(axes.collections for axes in tiles), "each has the outline of its lesions"
    said = words(sheet)
    assert "focus" in said
    assert "After figure 3.9" in said
    alone = [record for record in find_records([folder]) if record.config.get("error") != "weighted-l1"]
    with pytest.raises(InputError, match=r"wei-3\.9: needs cross-validations of DVR by 2 or more"):
        saliency_images.visual_attention_maps(alone, [data])


def test_agreement_is_of_three_patients_from_high_to_low_dice(pet):
    data, folder = pet
    sheet = drawn("wei-4.6", folder, data)
    told = [float(text.get_text()[5:]) for text in sheet.figure.texts if text.get_text().startswith("Dice ")]
    assert len(told) == 3
    assert told == sorted(told, reverse=True)
    assert told[0] > told[2]
    tiles = [axes for axes in sheet.figure.axes if axes.images]
    assert len(tiles) == 3 * 4
    for row in range(3):
        lesion = [(~axes.images[1].get_array().mask).sum() for axes in tiles[4 * row + 1 : 4 * row + 4]]
        assert len(set(lesion)) == 1, "agreement and change colour the same lesion"
    assert "Simulated data" in words(sheet)


def test_a_change_is_of_what_one_visit_alone_has():
    lesion = np.ones((1, 1, 4), bool)
    lesion[..., 3] = False
    t0, t1 = np.array([[[True, False, True, False]]]), np.array([[[True, True, False, False]]])
    assert myelin_maps.change_map(MyelinMaps.within(lesion, t0, t1)).ravel().tolist() == [1, 2, 3, 0]


# Vienot, Brettel and Mollon 1999: linear RGB as those see it who lack long-wave or middle-wave cones.
DEUTAN = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
PROTAN = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])


def lab(colour, vision):
    """Return CIE L*a*b* of a colour as seen."""
    rgb = np.array(to_rgb(colour))
    linear = vision @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    ratio = np.clip(xyz / [0.9505, 1, 1.089], 0, None)
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", [np.eye(3), DEUTAN, PROTAN], ids=["usual", "deutan", "protan"])
@pytest.mark.parametrize("colours", [myelin_maps.AGREEMENT_COLOURS, myelin_maps.CHANGE_COLOURS])
def test_colours_of_maps_are_told_apart_by_colour_blind_readers(colours, vision):
    brain = "#808080"  # dimmed, below them
    for one, other in itertools.combinations((*colours, brain), 2):
        assert np.linalg.norm(lab(one, vision) - lab(other, vision)) > 20
