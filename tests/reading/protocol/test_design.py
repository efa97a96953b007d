"""The protocol: JSON and back, presets, and one line for whatever is wrong."""

import dataclasses
import hashlib
import json

import pytest

from brainlab.errors import InputError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import (
    INSTRUCTIONS,
    PAIR_INSTRUCTIONS,
    Protocol,
    Reader,
    Source,
    content_sha256,
    preset,
)
from brainlab.reading.protocol.questions import CUE, Question
from brainlab.reading.protocol.validation import RESERVED_KEYS
from brainlab.reading.report.export import COLUMNS

QUESTIONS = preset("dwi-2020").questions


def test_json_round_trip(make_protocol):
    protocol = make_protocol(cue=True, classes=("ms", "healthy"), slice_range=(0.2, 0.8), time_cap_s=30.0)
    assert Protocol.from_json(protocol.to_json()) == protocol


def test_dwi_2020_is_the_papers_design():
    protocol = preset("dwi-2020")
    assert [(s.truth, s.n) for s in protocol.sources] == [("real", 50)] + [("fake", 50)] * 4
    assert protocol.cases == 250
    assert len(protocol.readers) == 2
    assert protocol.questions[0].options == ("real", "fake")
    assert Protocol.from_json(protocol.to_json()) == protocol


def test_hash_follows_the_content_and_not_the_layout(make_protocol):
    protocol = make_protocol()
    squeezed = json.dumps(json.loads(protocol.to_json()), separators=(",", ":"), sort_keys=True)
    assert Protocol.from_json(squeezed).sha256() == protocol.sha256()
    assert dataclasses.replace(protocol, seed=4).sha256() != protocol.sha256()


def test_the_hash_of_a_stored_protocol_outlives_new_fields(make_protocol):
    protocol = make_protocol()
    before = json.loads(protocol.to_json())
    for question in before["questions"]:
        del question["low"], question["high"]  # as brainlab wrote it when questions had no ends
    text = json.dumps(before, indent=2)
    assert Protocol.from_json(text) == protocol
    assert (
        content_sha256(text)
        == hashlib.sha256(json.dumps(before, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        != protocol.sha256()
    )


def test_again_is_the_same_design_with_another_seed_and_without_names(make_protocol):
    protocol = make_protocol(confidence=False, rounds=2)
    again = protocol.again(seed=77)
    assert (again.seed, [reader.name for reader in again.readers]) == (77, ["", ""])
    assert [reader.code for reader in again.readers] == ["A", "B"]
    assert again.again(seed=protocol.seed) == dataclasses.replace(protocol, readers=again.readers)


def test_a_protocol_without_a_seed_gets_a_new_one_and_keeps_its_own():
    values = json.loads(preset("dwi-2020").to_json())
    assert Protocol.from_values({**values, "seed": 0}).seed == 0
    del values["seed"]
    drawn = {Protocol.from_values(values).seed for _ in range(4)} | {preset("dwi-2020").seed for _ in range(4)}
    assert len(drawn) >= 7  # of 2^31


@pytest.mark.parametrize(
    "code", ["A,B", "=cmd()", "-R1", "+1", "@a", "R 1", "R1\n", "a;b", "a\tb", '"x"', "<b>", "a/b"]
)
def test_a_readers_code_is_plain(make_protocol, tmp_path, code):
    protocol = make_protocol(readers=(Reader(code="R0"), Reader(code=code)))
    with pytest.raises(InputError, match="readers: a code needs letters, digits, ") as caught:
        lifecycle.create_study(protocol, tmp_path)
    assert repr(code) in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("codes", [("R1", "r1"), ("Straße", "STRASSE"), ("é", "e\u0301"), ("Ⅳ", "iv")])
def test_readers_codes_differ_in_more_than_case(make_protocol, tmp_path, codes):
    protocol = make_protocol(readers=tuple(Reader(code=code) for code in codes))
    with pytest.raises(InputError, match=f"readers: codes need to differ in more than case, got {codes[0]} and"):
        lifecycle.create_study(protocol, tmp_path)


@pytest.mark.parametrize("code", ["R1", "7", "anna-maria_2.b", "Ünal", "Зоя", "李", "नीता", "_a", ".b"])
def test_letters_of_any_script_are_a_code(make_protocol, tmp_path, code):
    study = lifecycle.create_study(make_protocol(readers=(Reader(code=code), Reader(code="R2"))), tmp_path)
    assert lifecycle.study_status(tmp_path / study).readers[0].reader == code


def test_a_study_of_an_earlier_brainlab_opens_whatever_its_codes(make_protocol):
    protocol = make_protocol(readers=(Reader(code="Reader 1"), Reader(code="=r"), Reader(code="=R")))
    assert Protocol.from_json(protocol.to_json()) == protocol


def test_cue_adds_an_optional_question(make_protocol):
    assert CUE in make_protocol(cue=True).all_questions
    assert not CUE.required
    assert make_protocol().all_questions == make_protocol().questions


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": " "}, "title"),
        ({"sources": ()}, "sources"),
        ({"readers": ()}, "readers"),
        ({"sources": (Source(kind="folder", name="x", n=3),)}, "folder must have one"),
        ({"sources": (Source(kind="run", name="x", n=3, label="real"),)}, "a run makes fakes"),
        ({"sources": (Source(kind="cohort", name="x", n=0),)}, "at least 1"),
        ({"stimulus": "film"}, "slice or volume"),
        ({"plane": "oblique"}, "axial, coronal, sagittal"),
        ({"slice_range": (0.7, 0.3)}, "slice_range"),
        ({"slice_range": (0.5,)}, "slice_range"),
        ({"questions": ()}, "at least one must be required"),
        ({"window_low": 0.5, "window_high": 0.5}, "window_low"),
        ({"repeats_share": 1.5}, "repeats_share"),
        ({"time_cap_s": 0}, "time_cap_s"),
        ({"time_cap_s": float("inf")}, "time_cap_s"),
        ({"time_cap_s": True}, "time_cap_s"),
        ({"washout_weeks": float("nan")}, "washout_weeks"),
        ({"washout_weeks": 1e6}, "washout_weeks: needs 0 to 520"),
        ({"confidence": "no"}, "confidence: needs true or false"),
        ({"instructions": 5}, "instructions: needs a text"),
        ({"classes": "AB"}, "classes: needs a list"),
        ({"questions": (dataclasses.replace(QUESTIONS[0], required="no"),)}, "required is true or false"),
        ({"questions": (dataclasses.replace(QUESTIONS[0], options="ab"),)}, "options are a list"),
        ({"questions": (dataclasses.replace(QUESTIONS[0], key="confidence"),)}, "columns of its own named confidence"),
        ({"equivalence_margin": 0.5}, "equivalence_margin"),
        ({"seed": -1}, "seed: needs a whole number"),
        ({"rounds": 1.5}, "rounds: needs a whole number"),
        ({"questions": (*QUESTIONS, Question(key="source", text="?", kind="text"))}, "columns of its own named source"),
        ({"sources": (Source(kind="cohort", name="x", n=3), Source(kind="run", name="x", n=3))}, "names must differ"),
    ],
)
def test_each_fault_is_one_line(make_protocol, changes, said):
    with pytest.raises(InputError, match=said) as caught:
        make_protocol(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[" * 3000, "not JSON"),
        ("[]", "needs one JSON object, got list"),
        ('{"title": "x"}', "sources"),
        ('{"title": "x", "sources": [], "readers": [], "colour": 1}', "unknown setting colour"),
        ('{"title": "x", "sources": [{"kind": "run"}], "readers": []}', "name"),
        ('{"title": "x", "sources": 3, "readers": []}', "sources: needs a list of JSON objects"),
        ('{"title": "x", "sources": [3], "readers": []}', "sources: needs a list of JSON objects"),
        ('{"version": 99}', "needs version 1, got 99"),
        ('{"title": "x", "sources": [{"kind": "run", "name": "r", "n": "many"}], "readers": [{"code": "A"}]}', "whole"),
        ('{"title": "x", "sources": [{"kind": "run", "name": "r", "n": 3}], "readers": [], "practice": "6"}', "whole"),
        ('{"title": 5, "sources": [{"kind": "run", "name": "r", "n": 3}], "readers": [{"code": "A"}]}', "a text"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_line(text, said):
    with pytest.raises(InputError, match=said) as caught:
        Protocol.from_json(text)
    assert "\n" not in str(caught.value)


def test_instructions_that_nobody_wrote_follow_the_first_question():
    values = {
        "title": "x",
        "sources": [{"kind": "cohort", "name": "a", "n": 3}, {"kind": "run", "name": "b", "n": 3}],
        "readers": [{"code": "A"}],
    }
    pair = {"key": "which", "kind": "pair", "text": "Which?"}
    assert Protocol.from_values(values).instructions == INSTRUCTIONS
    assert Protocol.from_values({**values, "questions": [pair]}).instructions == PAIR_INSTRUCTIONS
    written = Protocol.from_values({**values, "questions": [pair], "instructions": "Point at one."})
    assert written.instructions == "Point at one."


def test_what_is_missing_is_said_without_names_of_the_code():
    with pytest.raises(InputError, match=r"^Protocol: needs sources, readers$"):
        Protocol.from_json('{"title": "x"}')


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(InputError, match="dwi-2020"):
        preset("dwi-2021")


def test_no_question_takes_the_name_of_a_column_of_the_export():
    assert frozenset(COLUMNS) == RESERVED_KEYS
