"""How much one address may ask for, and all together."""

import pytest

from app.server import limits
from app.server.limits import Buckets, Places, neighbourhood


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


def test_a_bucket_empties_and_fills_again(clock):
    buckets = Buckets(burst=3, per_second=0.5, clock=lambda: clock[0])
    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b"), "another's is full"
    assert buckets.wait("a") == 2
    clock[0] = 2
    assert buckets.wait("a") == 0
    assert [buckets.take("a"), buckets.take("a")] == [True, False]
    clock[0] = 1e9
    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False], "and never holds more than it did"


def test_many_addresses_do_not_fill_the_memory(clock, monkeypatch):
    monkeypatch.setattr(limits, "KEPT", 5)
    buckets = Buckets(burst=3, per_second=1, clock=lambda: clock[0])
    for last in range(50):
        buckets.take(f"10.0.0.{last}")
    assert len(buckets._levels) == 5


def test_places_are_so_many_for_each_and_for_all_and_are_given_back():
    places = Places(each=2, all_together=3)
    with places.hold("a") as first, places.hold("a") as second, places.hold("a") as third:
        assert (first, second, third) == (True, True, False)
        with places.hold("b") as free, places.hold("c") as full:
            assert (free, full) == (True, False)
    with places.hold("a") as free:
        assert free
    with pytest.raises(RuntimeError), places.hold("a"):
        raise RuntimeError
    assert places._held.total() == len(places._held) == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        (None, "this machine"), ("10.0.0.5", "10.0.0.5"), ("::ffff:10.0.0.5", "10.0.0.5"), ("", "no address"),
        ("2001:db8::7", "2001:db8::/64"), ("fe80::1%eth0", "fe80::/64"), ("unknown", "no address"),
        ("10.0.0.5:80", "no address"),
    ],
)  # fmt: skip
def test_any_text_that_a_proxy_calls_an_address_is_counted(address, counted):
    assert neighbourhood(address) == counted
