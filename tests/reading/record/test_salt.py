import secrets

import pytest

from brainlab.reading.record import salt


def test_a_salt_is_256_bits_of_the_system_and_never_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salt, "secrets", secrets)
    drawn = {salt.new_salt() for _ in range(100)}
    assert len(drawn) == 100
    assert {len(one) for one in drawn} == {32}


def test_a_purpose_has_its_own_random_numbers_under_each_salt() -> None:
    def first(key: bytes, *purpose: str | int) -> int:
        return int(salt.generator(key, *purpose).integers(2**63))

    assert first(b"a" * 32, "images", "run", "vae-8") == first(b"a" * 32, "images", "run", "vae-8")
    others = [
        first(b"b" * 32, "images", "run", "vae-8"),
        first(b"a" * 32, "probe", "run", "vae-8"),
        first(b"a" * 32, "images", "run", "vae-512"),
        first(b"a" * 32, "images", "runvae-8"),
        first(b"a" * 32, "code", 1),
        first(b"a" * 32, "code", "1"),
    ]
    assert len({first(b"a" * 32, "images", "run", "vae-8"), *others}) == 1 + len(others)
