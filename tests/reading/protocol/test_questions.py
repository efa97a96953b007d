"""Each kind of question takes what fits it, and says in one line what does not."""

import json

import pytest

from brainlab.errors import InputError
from brainlab.reading.protocol.questions import SIDES, Picture, Question, check_answer

SLICE = Picture((12, 10), (4.0, 2.0), "coronal")
VOLUME = Picture((5, 6, 7), (1.0, 2.0, 3.0), "axial")
PAIR = Picture((12, 10), (4.0, 2.0), "axial", places=SIDES)

CHOICE = Question(key="q", kind="choice", text="?", options=("good", "poor"))
SCALE = Question(key="q", kind="scale", text="?", options=("worst", "best"), low=0, high=10)
TEXT = Question(key="q", kind="text", text="?")
PLACE = Question(key="q", kind="place", text="?")
WHICH = Question(key="q", kind="pair", text="?")


def _place(**values):
    return json.dumps(values)


def test_a_scale_has_every_whole_number_between_its_ends():
    assert SCALE.values == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
    assert Question(key="q", kind="scale", text="?").values == ("1", "2", "3", "4", "5")
    assert WHICH.values == SIDES
    assert TEXT.values == PLACE.values == ()


@pytest.mark.parametrize(
    ("question", "text"), [(CHOICE, "poor"), (SCALE, "0"), (SCALE, "10"), (TEXT, "Ä, \n\t7"), (WHICH, "left")]
)
def test_what_fits_is_kept_as_it_is(question, text):
    assert check_answer(question, text, SLICE) == text


def test_a_place_is_kept_with_its_millimetres():
    kept = check_answer(PLACE, _place(voxel=[3, 9], plane="coronal"), SLICE)
    assert json.loads(kept) == {"voxel": [3, 9], "mm": [12.0, 18.0], "plane": "coronal"}
    kept = check_answer(PLACE, _place(voxel=[4, 0, 6], plane="sagittal", mm=[9, 9, 9]), VOLUME)
    assert json.loads(kept) == {"voxel": [4, 0, 6], "mm": [4.0, 0.0, 18.0], "plane": "sagittal"}
    kept = check_answer(PLACE, _place(voxel=[0, 0], plane="axial", side="right"), PAIR)
    assert json.loads(kept)["side"] == "right"


@pytest.mark.parametrize(
    ("question", "text", "picture", "said"),
    [
        (CHOICE, "maybe", SLICE, "needs one of good, poor, got maybe"),
        (SCALE, "11", SLICE, "got 11"),
        (SCALE, "3.5", SLICE, "got 3.5"),
        (SCALE, " 3", SLICE, "needs one of 0"),
        (TEXT, "", SLICE, "1 to 4000 signs"),
        (TEXT, "x" * 4001, SLICE, "1 to 4000 signs"),
        (TEXT, 3, SLICE, "needs a text"),
        (WHICH, "real", PAIR, "needs one of left, right"),
        (PLACE, "there", SLICE, "needs a place in the image"),
        (PLACE, "[" * 3000, SLICE, "needs a place in the image"),
        (PLACE, "[1, 2]", SLICE, "needs a place in the image"),
        (PLACE, _place(voxel=[12, 0], plane="coronal"), SLICE, r"inside the image of 12 x 10, got \[12, 0\]"),
        (PLACE, _place(voxel=[-1, 0], plane="coronal"), SLICE, "inside the image"),
        (PLACE, _place(voxel=[1, 1, 1], plane="coronal"), SLICE, "inside the image"),
        (PLACE, _place(voxel=[1.5, 1], plane="coronal"), SLICE, "inside the image"),
        (PLACE, _place(voxel=[True, 1], plane="coronal"), SLICE, "inside the image"),
        (PLACE, _place(voxel=None, plane="coronal"), SLICE, "inside the image"),
        (PLACE, _place(voxel=[1, 1], plane="axial"), SLICE, "needs the plane coronal, got axial"),
        (PLACE, _place(voxel=[1, 1, 1], plane="oblique"), VOLUME, "axial or coronal or sagittal, got oblique"),
        (PLACE, _place(voxel=[1, 1], plane="axial"), PAIR, "needs one of the sides left, right"),
        (PLACE, _place(voxel=[1, 1], plane="coronal", side="left"), SLICE, "needs no side"),
    ],
)
def test_what_does_not_fit_is_one_line(question, text, picture, said):
    with pytest.raises(InputError, match=said) as caught:
        check_answer(question, text, picture)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ((TEXT, TEXT), "keys must differ"),
        ((Question(key="a", kind="text", text="?", required=False), TEXT), "the first one must be required"),
        ((Question(key="q", kind="choice", text="?", options=("only",)),), "a choice needs two options"),
        ((Question(key="q", kind="choice", text="?", options=("a", "a")),), "options must differ"),
        ((Question(key="q", kind="choice", text="?", options=("a", " ")),), "none may be empty"),
        ((Question(key="q", kind="scale", text="?", options=("a", "b", "c")),), "words at its two ends"),
        ((Question(key="q", kind="scale", text="?", low=2, high=5),), "from 0 or 1"),
        ((Question(key="q", kind="scale", text="?", low=1, high=11),), "at most 10"),
        ((Question(key="q", kind="scale", text="?", low=1, high=1),), "a scale runs"),
        ((Question(key="q", kind="place", text="?", options=("a", "b")),), "only choice and scale"),
        ((TEXT, Question(key="w", kind="pair", text="?")), "can only be the first"),
        ((PLACE, Question(key="w", kind="place", text="?")), "one place"),
        ((Question(key="q", kind="film", text="?"),), "kind is choice, scale, text, place, pair"),
        ((Question(key=" ", kind="text", text="?"),), "needs a key"),
        ((Question(key="q", kind="text", text=" "),), "needs a text"),
    ],
)
def test_questions_that_cannot_be_asked_are_one_line(make_protocol, questions, said):
    with pytest.raises(InputError, match=said) as caught:
        make_protocol(questions=questions)
    assert "\n" not in str(caught.value)
