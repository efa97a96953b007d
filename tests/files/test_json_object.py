"""A file of one JSON object, or one line that says why it is none."""

from pathlib import Path

import pytest

from brainlab.errors import InputError
from brainlab.files.json_object import read_json


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "damaged, no JSON"),
        (b"[1]", "needs one JSON object, got list"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": ' * 3000, "nested too deep"),
        (b"\xff\xfe{", "damaged, no JSON"),
    ],
)
def test_what_is_no_object_is_one_line(content: bytes, reason: str, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read_json(path, "write it again")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("; write it again")


def test_a_mark_of_byte_order_is_left_out(tmp_path: Path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "a.json", "") == {"a": 1}
