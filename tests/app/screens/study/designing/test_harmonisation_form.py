"""The form's part by which images are made alike: off at first, and whatever is set in it is in the protocol."""

import pytest
from streamlit.testing.v1 import AppTest

from brainlab.reading.protocol.harmonisation import Harmonisation


def _form(values):
    import streamlit as st

    from app.screens.study.designing.harmonisation import harmonisation
    from brainlab.reading.protocol.design import Protocol, Reader, Source
    from brainlab.reading.protocol.harmonisation import Harmonisation

    start = Protocol(
        title="Form",
        sources=(Source(kind="run", name="a", n=5),),
        readers=(Reader(code="A"),),
        harmonisation=None if values is None else Harmonisation(**values),
    )
    st.session_state["result"] = harmonisation(start, "key")


def shown(values=None) -> AppTest:
    page = AppTest.from_function(_form, args=(values,), default_timeout=60).run()
    assert not page.exception
    return page


def test_it_is_off_unless_it_is_asked_for():
    page = shown()
    assert page.session_state["result"] is None
    page.toggle(key="key-alike").set_value(True).run()
    assert page.session_state["result"] == Harmonisation()


@pytest.mark.parametrize(
    "values",
    [
        {"size": 96, "fit": "centre", "intensity": "as_stored", "most_enlarged": 1.5},
        {"size": 0, "percentiles": (1.0, 99.0), "reencode_jpeg": 60},
    ],
)
def test_what_a_design_has_comes_back_from_the_form(values):
    assert shown(values).session_state["result"] == Harmonisation(**values)


def test_jpeg_for_all_has_a_quality_of_its_own():
    page = shown({"size": 64})
    page.toggle(key="key-alike-jpeg").set_value(True).run()
    assert page.session_state["result"].reencode_jpeg == 75
    page.number_input(key="key-alike-quality").set_value(40).run()
    assert page.session_state["result"] == Harmonisation(size=64, reencode_jpeg=40)
