"""What every page has in common: heading, badges, empty states and footer."""

import html
import re
from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import counted, noun
from brainlab.files.spreadsheet import csv_text
from brainlab.runs.matching.own_recipe import own_recipe_warning

if TYPE_CHECKING:
    from brainlab.runs.run import Run

PAGES = Path(__file__).resolve().parents[2] / "pages"

TRAIN = "brainlab train ivae-256 --data data/default/cohorts/simulated --out data/default/runs/mine"
PREPARE = "brainlab prepare PATH/TO/BIDS data/default/cohorts/mine --recipe flair-40"
LARGEST_SEED = 2**31 - 1
SHORT_TABLE, MOST_ROWS, SCROLLED_PX = 12, 200, 460
"""Rows of a text table beyond which it scrolls, and beyond which the rest is in its file alone; height then."""
PREFERRED = ("ivae-256", "ivae-32", "vae-512", "vae-8")
SIMULATE = """brainlab simulate /tmp/bids --participants 200 --seed 1 --space mni
brainlab prepare /tmp/bids data/default/cohorts/mine --recipe flair-40"""


def head(title: str, question: str, badges: Sequence[str] = ()) -> None:
    """Write a page's title, the question that it answers, and badges such as `simulated`."""
    st.title(title, anchor=False)
    marks = "".join(f'<span class="bl-badge {html.escape(b)}">{html.escape(b)}</span>' for b in badges)
    st.html(f'<div class="bl-question">{marks}{html.escape(question)}</div>')


def foot() -> None:
    """Write the footer of a page."""
    st.html('<div class="bl-foot">brainlab · for research use only, not for diagnosis</div>')


def badges(*origins: str) -> list[str]:
    """Return the badges of pages that show no real scans alone. origins: `origin` of runs and cohorts, in words."""
    return [word for word in ("simulated", "generated") if any(word in origin for origin in origins)]


def empty(what: str, do: str, command: str | None = None) -> None:
    """Say what is missing and what to do about it."""
    st.info(f"**{what}**  \n{do}")
    if command:
        st.code(command, language="bash")


def table(frame: pd.DataFrame, name: str, key: str, **options: Any) -> Any:
    """Show a table with its download as CSV below; returns the selection, where `options` ask for one."""
    # The index is not shown, and one of mixed types cannot be sent to the browser.
    shown = frame.reset_index(drop=True)
    event = st.dataframe(shown, width="stretch", hide_index=True, key=f"{key}-table", **options)
    csv = csv_text(frame).encode()
    download("Download CSV", csv, f"{name}.csv", key=f"{key}-csv", type="tertiary")
    return event


def text_table(
    frame: pd.DataFrame,
    name: str,
    key: str,
    places: int = 3,
    file: pd.DataFrame | None = None,
    heads: Sequence[str] = (),
) -> None:
    """Show a table whose cells wrap, so that sentences are read in full, with its download as CSV below.

    places: decimals that are shown; the file has them all. file: what is downloaded, where it is not what is shown.
    heads: columns whose values stand above the rows that share them.
    """

    def cell(value: Any) -> str:
        if pd.isna(value):
            return ""
        return f"{value:.{places}f}" if isinstance(value, float) else literal(str(value))

    cells = frame.head(MOST_ROWS).astype(object).map(cell)
    with st.container(key=f"text-table-{key}"):
        for head, rows in cells.groupby(list(heads), sort=False) if heads else [((), cells)]:
            if head:
                st.markdown(f"**{', '.join(map(str, head))}**")
            rows = rows.drop(columns=list(heads))
            st.table(rows, hide_index=True, height=SCROLLED_PX if len(rows) > SHORT_TABLE else "content")
    if len(frame) > MOST_ROWS:
        more = len(frame) - MOST_ROWS
        st.caption(f"{counted(more, 'more row')} {noun(more, 'is', 'are')} in the CSV file.")
    download(
        "Download CSV",
        lambda: csv_text(frame if file is None else file).encode(),
        f"{name}.csv",
        key=f"{key}-csv",
        type="tertiary",
    )


def literal(text: str) -> str:
    """Return text in which the signs that Markdown takes for its own are shown as they are."""
    return re.sub(r"([\\`*_{}\[\]<>#$~|:])", r"\\\1", text)


def plot(figure: go.Figure, key: str, **options: Any) -> Any:
    """Show a plotly figure, whose camera button downloads it as SVG named `key`; returns the selection, if any."""
    name = f"brainlab-{key}".replace(" ", "-")
    config = {"displaylogo": False, "toImageButtonOptions": {"format": "svg", "filename": name}}
    return st.plotly_chart(figure, key=key, config=config, **options)


def wrapping(key: str, columns: int) -> DeltaGenerator:
    """Return a container whose columns lie at most so many (1 or 2) in a row where the window is narrow: style.css."""
    return st.container(key=f"wrap-{columns}-{key}")


def tabs(key: str, parts: Mapping[str, Callable[[], None]]) -> None:
    """Show parts of a page as tabs; only the open one runs."""
    for tab, show in zip(st.tabs(list(parts), key=key, on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                show()


def describe_cohort(dataset: PreparedDataset) -> str:
    """Return one line with a cohort's scans, participants, grid, recipe and origin."""
    size = " × ".join(str(side) for side in dataset.shape)
    people = dataset.scans["participant"].nunique()
    words = dataset.origin.words
    origin = {"real scans": "from scans", "simulated scans": "simulated"}.get(words, words)
    count = f"{len(dataset):,} {dataset.noun} of {counted(people, 'participant')}"
    return f"{count} · {size} {dataset.grid.element}s · recipe {dataset.recipe['name']} · {origin}"


def best_run(names: Sequence[str]) -> str:
    """Return the run that pages show first: the paper's own choice where it is there."""
    return next((name for name in PREFERRED if name in names), names[0])


def revision(key: str, value: Hashable) -> int:
    """Return a number that goes up whenever `value` changes in this session."""
    known, number = st.session_state.get(f"revision-{key}", (None, 0))
    if known != value:
        number += 1
        st.session_state[f"revision-{key}"] = (value, number)
    return number


def address(page: str, **query: str | Sequence[str]) -> str:
    """Return the full address of a page with a query; several values of one name come one after the other."""
    root = st.context.url or ""
    return f"{root.split('?')[0].rsplit('/', 1)[0]}/{page}?{urlencode(query, doseq=True)}"


def download(label: str, content: bytes | str | Callable[[], bytes], name: str, key: str, **options: Any) -> None:
    """Offer a file, made when it is asked for where `content` is a function.

    A click runs nothing of the page: a rerun would take the address of a file away while the browser still asks for it.
    """
    st.download_button(label, content, name, key=key, on_click="ignore", **options)


def downloads(key: str, *files: Mapping[str, Callable[[], bytes]]) -> None:
    """Offer files, each made when it is asked for."""
    with st.popover("Download", icon=":material/download:"):
        for name, make in (item for group in files for item in group.items()):
            download(name, make, name, key=f"{key}-{name}", type="tertiary")


def figures(rows: Sequence[tuple[str, str, str]]) -> None:
    """Show (title, value, explanation) as figures side by side."""
    for column, (title, value, explanation) in zip(st.columns(max(3, len(rows))), rows, strict=False):
        column.metric(title, value, help=explanation, border=True)


def refusals(title: str, rows: Sequence[Mapping[str, str]], key: str) -> None:
    """List what was refused or noted, a row each, with the reason in full."""
    if rows:
        st.markdown(f"**{title}** ({len(rows):,})")
        text_table(pd.DataFrame(rows), key, key)


def unopened(**kinds: Sequence[tuple[str, str]]) -> None:
    """Name what cannot be opened, if anything. kinds: `cohort` or `run` to its (name, reason)."""
    found = {kind: rows for kind, rows in kinds.items() if rows}
    if not found:
        return
    names = "; ".join(f"{kind} {', '.join(name for name, _ in rows)}" for kind, rows in found.items())
    with st.expander(f":orange[:material/warning:] Cannot be opened: {names}"):
        for _, reason in (row for rows in found.values() for row in rows):  # which names the folder
            st.text(reason)


def other_recipe(run: "Run", data: PreparedDataset) -> None:
    """Say where a run learned images of another recipe or sequence than a cohort holds, if it did."""
    if warning := own_recipe_warning(run, data):
        note(warning)


def note(text: str) -> None:
    """Say in a line what is no mistake and yet has to be known."""
    st.caption(f":orange[:material/info:] {text}.")


def link(page: str, label: str, **query: str) -> None:
    """Link to a page, where the app has it; query: of its address."""
    path = PAGES / f"{page}.py"
    if path.is_file():
        st.page_link(str(path), label=label, icon=":material/arrow_forward:", query_params=query)


def asked_run(names: Sequence[str], there: Container[str], why_not: str) -> tuple[str, str | None]:
    """Return the run that the address asks for, or the best one and why: names: offered; there: all that open.

    why_not: what is wrong with a run that is there and not offered.
    """
    (run,), note = asked_runs(names, [best_run(names)], there, why_not)
    return run, note


def asked_runs(
    names: Sequence[str], usual: Sequence[str], there: Container[str] = (), why_not: str = ""
) -> tuple[list[str], str | None]:
    """Return the one run that the address asks for, or the usual ones and why; otherwise as `asked_run`."""
    asked = st.query_params.get("run")
    if asked is None:
        return list(usual), None
    if asked in names:
        return [asked], None
    reason = f"{asked} {why_not}" if asked in there else "The run in this link does not exist here"
    return list(usual), f":orange[:material/info:] {reason}; showing {', '.join(usual)}."
