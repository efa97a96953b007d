"""Whatever is no JSON is a ValueError, also what Python's own reader gives up on."""

import pytest

from brainlab.files.json_text import parse_json


@pytest.mark.parametrize("text", ["{", "", "[1,", "[" * 3000, b"[" * 3000, '{"a":' * 100_000, "1" * 5000, b"\xff"])
def test_what_is_none_is_one_kind_of_error(text: str | bytes):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_values_and_constants_are_as_json_has_them():
    assert parse_json('{"a": [1, null]}') == parse_json(b'{"a": [1, null]}') == {"a": [1, None]}
    assert parse_json("[NaN]", parse_constant=str) == ["NaN"]
