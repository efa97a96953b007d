"""The workspace's trainings: a table of all, and curves, samples, log and buttons of the chosen one."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from app.components import layout
from app.data import resources
from app.screens.train import curves
from app.screens.train.new_training import CHOSEN
from brainlab.errors import InputError
from brainlab.experiments.background.control import resume, stop, stop_at_once
from brainlab.experiments.background.record import log_lines
from brainlab.experiments.background.state import About, State, about, changeable, metrics_lines, state, trainings
from brainlab.experiments.estimate import in_words

REFRESH_S = 3.0
LOG_LINES = 40
BADGES = {
    "starting": ("blue", ":material/hourglass_top:"),
    "training": ("blue", ":material/model_training:"),
    "stopped": ("gray", ":material/pause:"),
    "finished": ("green", ":material/check:"),
    "failed": ("red", ":material/error:"),
    "gone": ("orange", ":material/power_off:"),
}


def show() -> None:
    """Show all trainings, again every few seconds while one of them is at work, and not otherwise."""
    folders = trainings()
    if not folders:
        layout.empty("No training in this workspace yet.", "Start one above, or with the command line.", layout.TRAIN)
        return
    at_work = any(state(folder).active for folder in folders)
    st.fragment(_follow, run_every=REFRESH_S if at_work else None)(at_work)


def _follow(at_work: bool) -> None:
    states = {folder: state(folder) for folder in trainings()}
    if at_work and not any(found.active for found in states.values()):
        st.rerun()  # the last one has ended: from here on nothing changes by itself
    facts = {folder: about(folder) for folder in states}
    _table(states, facts)
    names = {folder.name: folder for folder in states}
    heading = st.container(horizontal=True, vertical_alignment="center")
    with heading:
        chosen = st.selectbox("Run", list(names), key=CHOSEN, width=320, label_visibility="collapsed")
    _one(heading, names[chosen], states[names[chosen]], facts[names[chosen]])


def _table(states: dict[Path, State], facts: dict[Path, About]) -> None:
    rows = [
        {
            "run": folder.name,
            "preset": facts[folder].preset,
            "cohort": facts[folder].cohort,
            "state": "stopping" if found.stopping else found.phase,
            "epoch": f"{found.progress.epoch} of {found.progress.epochs or '?'}",
            "done": round(100 * found.progress.share),
            "time": _time(found.progress.seconds),
            "left": _time(found.progress.seconds_left) if found.active else "",
        }
        for folder, found in states.items()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="train-table",
        column_config={"done": st.column_config.ProgressColumn(format="%d%%", min_value=0, max_value=100)},
    )


def _time(seconds: float | None) -> str:
    return "" if seconds is None else in_words(seconds)


def _one(heading: DeltaGenerator, folder: Path, found: State, facts: About) -> None:
    """Show one training: state and buttons beside its name, then samples, curves, log."""
    colour, icon = BADGES[found.phase]
    with heading:
        st.badge("stopping" if found.stopping else found.phase, icon=icon, color=colour)  # type: ignore[arg-type]
        for word in layout.badges(facts.origin):
            st.badge(word, color="orange")
        _buttons(folder, found)
    st.progress(found.progress.share, _how_far(found))
    if found.reason:
        st.error(found.reason) if found.phase == "failed" else st.warning(found.reason)
    if found.phase == "finished":
        with st.container(horizontal=True):
            if folder.name in resources.runs_that("sample"):
                layout.link("generate", "Reconstructions and samples", run=folder.name)
            if folder.name in resources.explorable():
                layout.link("explorer", "Latent explorer", run=folder.name)
            if folder.name in resources.runs_that("encode", "walk"):
                layout.link("lda", "LDA", run=folder.name)
    _pictures(folder, facts.noun)
    with st.expander("Log of the process"):
        lines = log_lines(folder, LOG_LINES)
        st.code("\n".join(lines) or "Nothing was said yet.", language=None, wrap_lines=True)


def _how_far(found: State) -> str:
    """Say in one line where a training stands."""
    at = found.progress
    if not at.step:
        return "Preparing: libraries, images, network" if found.active else "No step was taken."
    steps = f"step {at.step:,}" + (f" of {at.total_steps:,}" if at.total_steps else "")
    parts = [f"epoch {at.epoch} of {at.epochs or '?'}", steps]
    parts += [f"{in_words(at.seconds)} so far"] if at.seconds is not None else []
    parts += [f"about {in_words(at.seconds_left)} left"] if at.seconds_left and found.active else []
    return " · ".join(parts)


def _buttons(folder: Path, found: State) -> None:
    """Offer to stop what is at work, and to resume what is not done."""
    if found.active and not found.own:
        st.caption("Started on the command line; stop it there.")
    elif found.stopping:
        if st.button("Stop at once", icon=":material/dangerous:", key=f"train-kill-{folder.name}", help=LOSES):
            _do(lambda: stop_at_once(folder))
    elif found.active:
        with st.popover("Stop", icon=":material/stop:"):
            st.write("The step under way is finished and a checkpoint written; it can be resumed.")
            if st.button("Stop the training", type="primary", key=f"train-stop-{folder.name}"):
                _do(lambda: stop(folder))
    elif found.resumable:
        _offer_resume(folder, found)


LOSES = "Ends the process without a checkpoint; steps since the last one are lost."


def _offer_resume(folder: Path, found: State) -> None:
    """Resume with one click; after a failure, settings that may change can be changed first."""
    if found.phase != "failed" or not (rates := changeable(folder)):
        if st.button("Resume", icon=":material/play_arrow:", key=f"train-resume-{folder.name}"):
            _do(lambda: resume(folder))
        return
    with st.popover("Resume", icon=":material/play_arrow:"):
        asked = {
            name: st.number_input(name, 0.0, None, value, value / 10, "%g", key=f"train-{folder.name}-{name}")
            for name, value in rates.items()
        }
        if st.button("Resume the training", type="primary", key=f"train-resume-{folder.name}"):
            _do(lambda: resume(folder, {name: value for name, value in asked.items() if value != rates[name]}))


def _do(act: Callable[[], object]) -> None:
    """Do what a button asks for, and look at the page anew; what cannot be done is said in one line."""
    try:
        with st.spinner("One moment"):
            act()
    except InputError as error:
        st.error(str(error))
        return
    st.rerun()


def _pictures(folder: Path, noun: str) -> None:
    """Show the samples beside the diagnostics, and the losses below. noun: of one image."""
    try:
        lines = metrics_lines(folder)
    except InputError:
        return  # the reason is told above
    strips = sorted((folder / "samples").glob("epoch-*.png"))
    measured = curves.diagnostics(lines, noun)
    if measured is not None:
        with layout.wrapping("train-curves", 1):
            left, right = st.columns([1.15, 1], gap="medium")
        with left:
            _samples(strips, folder.name, translated=any("sharpness_synthesised" in line for line in lines))
        with right:
            st.markdown("**Diagnostics at the ends of epochs**")
            layout.plot(measured, f"train-{folder.name}-diagnostics")
    elif lines:
        st.caption("Samples and diagnostics appear at the end of the first epoch.")
    if (figure := curves.losses(lines)) is not None:
        st.markdown("**Losses by step**")
        layout.plot(figure, f"train-{folder.name}-losses")


def _samples(strips: list[Path], name: str, *, translated: bool) -> None:
    """Show the newest samples large, and earlier ones of the same codes, or patches of a translator, below."""
    pictures = {int(found[0]): path for path in strips if (found := re.findall(r"\d+", path.stem))}
    if not pictures:
        st.caption("No samples yet.")
        return
    newest = max(pictures)
    shown = "Held-out patches, true and then synthesised," if translated else "Samples of eight fixed codes"
    st.markdown(f"**{shown} after epoch {newest}**")
    _picture(pictures[newest])
    earlier = sorted(set(pictures) - {newest})
    if not earlier:
        return
    epoch = earlier[0]
    if len(earlier) > 1:  # a slider needs two ends
        key = f"train-samples-{name}-{len(earlier)}"
        epoch = st.select_slider("Earlier", earlier, earlier[-1], format_func="after epoch {}".format, key=key)
    else:
        st.caption(f"After epoch {epoch}")
    _picture(pictures[epoch])


def _picture(path: Path) -> None:
    try:
        st.image(Image.open(path), width="stretch")
    except OSError:  # what a full disk left
        st.caption(f"{path.name} is damaged.")
