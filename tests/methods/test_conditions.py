"""What images can be asked for is learnt from the training scans' table alone, and told apart from what is missing."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.views import Slices
from brainlab.config import check_ranges
from brainlab.errors import InputError
from brainlab.methods.conditions import Condition, condition_warnings, encode_asked, learn_conditions
from brainlab.methods.conditions import ConditionalConfig as Config
from brainlab.runs.methods import methods

CLASS = Condition(name="class", words=("healthy", "ms"))
AGE = Condition(name="age_years", mean=50.0, spread=10.0, low=20.0, high=80.0)


@pytest.fixture
def volumes(tmp_path):
    scans = pd.DataFrame(
        {
            "participant": list("abcde"),
            "class": ["ms", "healthy", "ms", None, "tumour"],
            "age_years": [30.0, 50, np.nan, 70, 5],
            "sex": "F",
            "split": [*["train"] * 4, "test"],
        }
    )
    recipe = {"name": "made", "shape": [4, 4, 8], "affine": np.eye(4).tolist()}
    return write_prepared(tmp_path / "volumes", np.zeros((5, 4, 4, 8), np.float32), scans, recipe)


def test_words_and_spread_are_those_of_the_training_scans(volumes):
    label, age = learn_conditions(("class", "age_years"), volumes)
    assert label == CLASS
    assert (age.words, age.mean, age.low, age.high) == ((), 50, 30, 70)
    assert age.spread == pytest.approx(np.std([30, 50, 70]))
    assert learn_conditions((), volumes) == ()


def test_slices_know_their_number(volumes):
    (number,) = learn_conditions(("slice",), Slices("axial", 0.25, 0.75).of(volumes))
    assert (number.low, number.high, number.mean) == (2, 5, 3.5)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("participant",), "--conditions: needs names out of class, age_years, sex, modality, slice, got participant"),
        (("class", "class"), "--conditions: needs each name once"),
        (("class", "sex"), r"fewer of sex; leave it out with --conditions class$"),
        (("slice", "modality"), r"fewer of slice, modality; leave it out with --conditions$"),
    ],
)
def test_what_the_training_scans_do_not_tell_apart_is_refused(volumes, names, message):
    with pytest.raises(InputError, match=message):
        learn_conditions(names, volumes)


def test_words_become_places_and_numbers_are_scaled():
    assert CLASS.encode(["ms", "healthy", "tumour", None, np.nan]).tolist() == [2, 1, 0, 0, 0]
    ages = AGE.encode([60.0, None, 45])
    assert ages.dtype == np.float32
    assert np.allclose(ages, [1, np.nan, -0.5], equal_nan=True)


@pytest.mark.parametrize("nothing", [{}, {"class": None}, {"class": "n/a", "age_years": "n/a"}, {"age_years": np.nan}])
def test_what_is_not_asked_for_is_not_told(nothing):
    codes = encode_asked([CLASS, AGE], nothing, 2)
    assert codes["class"].tolist() == [0, 0]
    assert np.isnan(codes["age_years"]).all()


def test_one_condition_is_for_all_images_and_a_list_for_each():
    assert encode_asked([CLASS, AGE], {"class": "ms", "age_years": "70"}, 3)["age_years"].tolist() == [2, 2, 2]
    assert encode_asked([CLASS], [{"class": "ms"}, {}], 2)["class"].tolist() == [2, 0]
    with pytest.raises(InputError, match="one for each of 3, got 2"):
        encode_asked([CLASS], [{}, {}], 3)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"class": "x"}, "class: needs one of healthy, ms, got x"),
        ({"age_years": "old"}, "age_years: needs a number, got old"),
        ({"age_years": "inf"}, "age_years: needs a number, got inf"),
        ({"age_years": "1e300"}, "age_years: needs a number like 20 to 80, got 1e300"),
        ({"sex": "F"}, "condition: needs names out of class, age_years, got sex"),
    ],
)
def test_what_a_run_does_not_know_is_one_line(asked, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        encode_asked([CLASS, AGE], asked, 1)


def test_a_number_beyond_the_training_scans_is_warned_of_and_drawn():
    assert condition_warnings([CLASS, AGE], {"class": "ms", "age_years": 80}) == []
    (line,) = condition_warnings([CLASS, AGE], {"age_years": "95"})
    assert "age_years: 95 lies outside the 20 to 80" in line
    assert encode_asked([AGE], {"age_years": 95}, 1)["age_years"].tolist() == [4.5]


def test_a_spread_of_0_is_refused_wherever_the_settings_come_from():
    with pytest.raises(InputError, match="--spread: needs a number above 0, got 0"):
        check_ranges(Config(conditions=("age_years",), known=(Condition(name="age_years", spread=0.0),)))


def test_a_condition_says_what_there_is_to_ask_for():
    assert (str(CLASS), str(AGE)) == ("class (healthy, ms)", "age_years (20 to 80)")


def test_a_run_can_be_asked_only_where_its_settings_name_conditions():
    flow = methods()["flow"]
    assert "condition" not in flow.abilities_of(flow.config())
    assert "condition" in flow.abilities_of(flow.config(conditions=("class",)))
    assert Config().conditions == ()
    others = [method for name, method in methods().items() if name != "flow"]
    for method in others:
        drawn = set() if "translate" in method.abilities else {"sample"}
        assert method.abilities_of(method.small[0]) == method.abilities | drawn
    assert flow.abilities_of(SimpleNamespace()) == flow.abilities - {"condition"} | {"sample"}
