from pathlib import Path

import pytest

from brainlab.files.textfile import decode_text, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_comes_back_whatever_it_was_saved_as(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text.json"
    path.write_bytes('{"title": "Ungría"}\r\n'.encode(encoding))
    assert read_text(path) == '{"title": "Ungría"}\r\n'


def test_both_byte_orders_are_known_by_their_mark() -> None:
    assert decode_text(b"\xff\xfea\x00") == decode_text(b"\xfe\xff\x00a") == "a"


def test_half_a_sign_at_the_end_is_no_error() -> None:
    assert decode_text(b"\xff\xfea\x00b").startswith("a")
