import logging
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit import error_util

from app.server import journal
from brainlab.errors import InputError, UnreadableScanError


@pytest.fixture
def told(monkeypatch, capsys):
    """Return what was told since the last call; the clock stands still but for what is added then."""
    clock = [1000.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(journal, "_told", journal.OrderedDict())

    def lines(later=0.0):
        clock[0] += later
        return capsys.readouterr().err.splitlines()

    return lines


def test_each_event_is_one_line_with_its_time(told):
    journal.note("signed out")
    (line,) = told()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ brainlab INFO signed out", line)


def test_a_warning_that_repeats_itself_is_told_once_a_minute(told):
    for _ in range(1000):
        journal.warn("too many requests, from 203.0.113.9")
    journal.warn("too many requests, from 203.0.113.10")
    assert len(told()) == 2
    journal.warn("too many requests, from 203.0.113.9")
    assert told(later=61) == []
    journal.warn("too many requests, from 203.0.113.9")
    assert len(told()) == 1


def test_a_flood_of_different_warnings_does_not_fill_the_memory(told):
    for number in range(journal.KEPT + 9):
        journal.warn(f"wrong password, from {number}")
    assert len(journal._told) == journal.KEPT


def test_an_error_that_a_user_was_told_leaves_no_line_and_others_a_traceback(monkeypatch):
    logged: list[logging.LogRecord] = []
    kept = SimpleNamespace(level=logging.NOTSET, handle=logged.append)
    log = logging.getLogger("streamlit.error_util")
    monkeypatch.setattr(log, "filters", [])
    monkeypatch.setattr(log, "handlers", [kept])
    monkeypatch.setattr(error_util.config, "get_option", lambda name: False)  # as config.toml has enableRich
    journal.leave_out_told_errors()
    for error in (InputError("anna_meier.nii: not an image"), UnreadableScanError("empty"), ZeroDivisionError("no")):
        error_util.handle_user_script_exception(error, lambda told: True)
    assert [record.exc_info[0] for record in logged if record.exc_info] == [ZeroDivisionError]
    config = tomllib.loads((Path(journal.__file__).parents[1] / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["logger"]["enableRich"] is False
