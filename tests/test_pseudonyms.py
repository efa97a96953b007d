import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brainlab.errors import InputError
from brainlab.pseudonyms import PUBLIC_KEY, key_id, keyed_hash, read_key, read_or_make_key


def test_the_hash_is_hmac_sha256_of_rfc_4231() -> None:
    # Test case 2 of RFC 4231, cut to 128 bits.
    assert keyed_hash("what do ya want for nothing?", b"Jefe") == "5bdcc146bf60754e6a042426089575c7"


def test_another_key_gives_another_hash() -> None:
    assert keyed_hash("sub-0001", b"one") != keyed_hash("sub-0001", b"two")


def test_a_key_is_random_its_owner_s_alone_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pseudonyms.key"
    assert read_key(path) is None
    key = read_or_make_key(path)
    assert (len(key), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    assert read_or_make_key(path) == read_key(path) == key
    assert key != read_or_make_key(tmp_path / "other.key")
    assert [file.name for file in path.parent.iterdir()] == ["pseudonyms.key"]


def test_processes_that_need_a_key_at_once_get_the_same(tmp_path: Path) -> None:
    path = tmp_path / "pseudonyms.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: read_or_make_key(path), range(32)))
    assert keys == {read_key(path)}


def test_the_id_of_a_key_does_not_give_it_away() -> None:
    assert key_id(PUBLIC_KEY) == "public"
    assert key_id(b"a" * 32) == hashlib.sha256(b"a" * 32).hexdigest()[:8]


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"zz" * 32, b"\xff" * 64])
def test_a_damaged_key_is_said_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pseudonyms.key"
    path.write_bytes(content)
    for call in (read_key, read_or_make_key):
        with pytest.raises(InputError, match="needs 64 hexadecimal digits") as caught:
            call(path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == content
