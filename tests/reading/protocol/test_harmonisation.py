"""The policy by which images are made alike: part of the protocol, off unless it is asked for."""

import json

import pytest

from brainlab.errors import InputError
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.harmonisation import Harmonisation

VALUES = {
    "title": "Golden",
    "sources": [{"kind": "cohort", "name": "people", "n": 3}, {"kind": "run", "name": "machine", "n": 3}],
    "readers": [{"code": "A"}],
    "seed": 1,
}


def test_a_protocol_without_one_is_what_it_was():
    protocol = Protocol.from_values(VALUES)
    assert protocol.harmonisation is None
    assert "harmonisation" not in protocol.to_json()
    assert Protocol.from_values({**VALUES, "harmonisation": None}).sha256() == protocol.sha256()


def test_one_with_it_comes_back_from_json_and_has_another_hash():
    protocol = Protocol.from_values({**VALUES, "harmonisation": {"size": 100, "percentiles": [1, 99]}})
    assert protocol.harmonisation == Harmonisation(size=100, percentiles=(1, 99))
    assert Protocol.from_json(protocol.to_json()) == protocol
    assert json.loads(protocol.to_json())["harmonisation"]["fit"] == "brain"
    others = [VALUES, {**VALUES, "harmonisation": {}}]
    assert protocol.sha256() not in [Protocol.from_values(values).sha256() for values in others]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"size": 8}, "size needs 16 to 512 pixels, or 0"),
        ({"size": "large"}, "size: needs a whole number"),
        ({"fit": "head"}, "fit: needs brain, centre"),
        ({"intensity": "histogram"}, "intensity: needs percentiles, as_stored"),
        ({"percentiles": [99, 1]}, "percentiles needs 0 <= low < high <= 100"),
        ({"percentiles": [1]}, "percentiles: needs a list"),
        ({"most_enlarged": 0.5}, "most_enlarged needs 1 to 4"),
        ({"reencode_jpeg": 100}, "reencode_jpeg needs a quality of 5 to 95"),
        ({"blur": 2}, "unknown setting blur"),
        ([128], "needs a JSON object, or null"),
        ("brain", "needs a JSON object, or null"),
    ],
)
def test_what_it_cannot_be_is_one_line(given, said):
    with pytest.raises(InputError, match=said) as error:
        Protocol.from_values({**VALUES, "harmonisation": given})
    assert "\n" not in str(error.value)


def test_it_says_in_words_what_is_done():
    words = " ".join(Harmonisation(size=96, reencode_jpeg=75).in_words)
    for part in ("JPEG of quality 75", "85% of the image", "96 pixels a side", "percentiles 0.5 and 99.5"):
        assert part in words
    words = " ".join(Harmonisation(size=0, fit="centre", intensity="as_stored").in_words)
    assert "resampled" not in words
    assert "window of DICOM" in words
