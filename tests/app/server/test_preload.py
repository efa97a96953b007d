"""Heavy libraries are imported while a browser loads a research page, and for no reader."""

import sys

import pytest

from app.server import preload


@pytest.fixture
def begun(monkeypatch):
    """Return a function that says which libraries a request made the server import."""

    def ask(method="GET", query=b"", accept="text/html,*/*;q=0.8"):
        imported = []
        monkeypatch.setattr(preload, "_started", None)
        monkeypatch.setattr(preload.importlib, "import_module", imported.append)
        preload.start_for({"method": method, "query_string": query, "headers": [(b"accept", accept.encode())]})
        preload.wait()
        assert not preload.is_running()
        return imported

    return ask


def test_a_page_of_the_researchers_starts_the_imports(begun):
    assert begun() == list(preload.HEAVY)


def test_a_readers_page_and_what_a_page_consists_of_start_none(begun):
    assert begun(query=b"study=s&token=abc") == []
    assert begun(accept="*/*") == []
    assert begun(method="POST") == []


def test_the_second_page_starts_none(begun, monkeypatch):
    begun()
    imported = []
    monkeypatch.setattr(preload.importlib, "import_module", imported.append)
    preload.start_for({"method": "GET", "query_string": b"", "headers": [(b"accept", b"text/html")]})
    preload.wait()
    assert imported == []


def test_a_missing_library_is_left_to_the_page_that_needs_it(monkeypatch):
    monkeypatch.setattr(preload, "HEAVY", ("a_library_that_is_not_there", "json"))
    preload._import()
    assert "a_library_that_is_not_there" not in sys.modules
