"""The form's part by which a large pool is shared out: off at first, and whatever is set in it is in the protocol."""

from streamlit.testing.v1 import AppTest

from brainlab.reading.protocol.allocation import Allocation


def _form(values, readers):
    import streamlit as st

    from app.screens.study.designing.allocation import allocation
    from brainlab.reading.protocol.allocation import Allocation
    from brainlab.reading.protocol.design import Protocol, Reader, Source

    start = Protocol(
        title="Form",
        sources=(Source(kind="run", name="a", n=50),),
        readers=tuple(Reader(code=f"R{number}") for number in range(readers)),
        allocation=None if values is None else Allocation(**values),
    )
    st.session_state["result"] = allocation(start, readers, "key")


def shown(values=None, readers=5) -> AppTest:
    page = AppTest.from_function(_form, args=(values, readers), default_timeout=60).run()
    assert not page.exception
    return page


def test_everybody_reads_everything_unless_it_is_asked_for():
    page = shown()
    assert page.session_state["result"] is None
    page.toggle(key="key-shared").set_value(True).run()
    assert page.session_state["result"] == Allocation(anchors=20, readings=2)


def test_what_a_design_has_comes_back_from_the_form():
    assert shown({"anchors": 7, "readings": 3}).session_state["result"] == Allocation(anchors=7, readings=3)


def test_it_says_how_large_a_pool_the_readers_can_read():
    page = shown({"anchors": 20, "readings": 2})
    page.number_input(key="key-shared-cap").set_value(60).run()
    assert [caption.value for caption in page.caption] == ["Enough for a pool of 120 cases."]
    page.number_input(key="key-shared-cap").set_value(10).run()
    assert [caption.value for caption in page.caption] == ["Fewer than the anchors."]
