"""What the desk says of sources that are chosen, before anything is locked."""

import pytest
from streamlit.testing.v1 import AppTest

from brainlab.errors import InputError


def _page(sources):
    from app.screens.study.designing.source_notes import source_notes
    from brainlab.reading.protocol.design import Protocol, Reader, Source

    chosen = tuple(Source(kind="run", name=name, n=5) for name in sources)
    source_notes(Protocol(title="Notes", sources=chosen, readers=(Reader(code="A"),)))


@pytest.fixture
def notes(workspace, monkeypatch):
    """Show the notes on some sources, of which the core says something; the names are part of the cache's key."""

    def show(name, foresee):
        monkeypatch.setattr("brainlab.experiments.studies.locking.foresee_sources", foresee)
        page = AppTest.from_function(_page, args=([name],)).run()
        assert not page.exception
        return page

    return show


def test_people_are_said_and_a_mixture_is_one_warning(notes):
    entry = {"n": 50, "noun": "slice", "people": None, "truth": "fake"}
    sources = [
        entry | {"name": "simulated-dwi", "truth": "real", "people": 32, "images": "dwi images of the recipe a"},
        entry | {"name": "flow", "images": "T1w images of the recipe b"},
    ]
    page = notes("mixed", lambda protocol: sources)
    assert [caption.value for caption in page.caption] == ["Real cases: 50 slices of 32 people (simulated-dwi)."]
    (warning,) = page.warning
    assert "dwi images of the recipe a (simulated-dwi); T1w images of the recipe b (flow)" in warning.value


def test_sources_that_cannot_be_read_are_said_with_the_reason(notes):
    def refuse(protocol):
        raise InputError("sources: needs images of one size, got these and those; leave one of them out")

    page = notes("refused", refuse)
    assert page.warning[0].value == "Sources: needs images of one size, got these and those; leave one of them out."
