"""Opaque, signed, expiring names."""

import pytest

from app.data.volumes import Scan
from app.server.links import PERIOD_S, ExpiredLinkError, Links, UnknownLinkError


class Clock:
    now = 10.0 * PERIOD_S

    def __call__(self):
        return self.now


def test_a_name_leads_back_to_its_thing_and_stays_the_same_within_a_period():
    clock = Clock()
    links = Links(clock)
    name = links.publish(Scan("simulated", 3))
    clock.now += PERIOD_S / 2
    assert links.publish(Scan("simulated", 3)) == name
    assert links.resolve(name) == Scan("simulated", 3)


def test_a_name_says_nothing_of_its_thing():
    links = Links(Clock())
    name = links.publish(Scan("secret-cohort", 3))
    assert "secret" not in name
    assert name != Links(Clock()).publish(Scan("secret-cohort", 3)), "another server has another key"


def test_changed_and_foreign_names_are_refused():
    links = Links(Clock())
    thing, stamp, signature = links.publish(Scan("simulated", 3)).split(".")
    later = f"{int(stamp, 16) + PERIOD_S:x}"
    for forged in (f"{thing}.{later}.{signature}", f"{'0' * 32}.{stamp}.{signature}", "", "a.b.c", "é.1.é"):
        with pytest.raises(UnknownLinkError):
            links.resolve(forged)


def test_a_name_expires():
    clock = Clock()
    links = Links(clock)
    name = links.publish(Scan("simulated", 3))
    clock.now += 2 * PERIOD_S + 1
    with pytest.raises(ExpiredLinkError):
        links.resolve(name)


def test_another_version_of_a_thing_has_another_name():
    links = Links(Clock())
    assert links.publish(Scan("simulated", 3), "1") == links.publish(Scan("simulated", 3), "1")
    assert links.publish(Scan("simulated", 3), "1") != links.publish(Scan("simulated", 3), "2")
