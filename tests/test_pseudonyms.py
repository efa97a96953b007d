from brainlab.pseudonyms import keyed_hash


def test_the_hash_is_hmac_sha256_of_rfc_4231() -> None:
    # Test case 2 of RFC 4231, cut to 128 bits.
    assert keyed_hash("what do ya want for nothing?", b"Jefe") == "5bdcc146bf60754e6a042426089575c7"


def test_another_key_gives_another_hash() -> None:
    assert keyed_hash("sub-0001", b"one") != keyed_hash("sub-0001", b"two")
