"""Ask for a new training: preset, cohort, name, settings; say how long it would take; start it."""

import dataclasses
import shlex
from typing import Any

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.train import settings
from app.screens.train.cohort_choice import choose_cohort, describe, first_preset, readable
from brainlab.counted import counted, parameters
from brainlab.errors import InputError
from brainlab.experiments.background.control import start
from brainlab.experiments.background.request import Request, free_name
from brainlab.experiments.background.trial import Trial
from brainlab.experiments.presets import images_in_words
from brainlab.experiments.starting_weights import can_start
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.runs.matching.own_recipe import start_recipe_warning
from brainlab.runs.methods import find_preset, presets

CHOSEN = "train-chosen"
"""Key of the training that is shown below."""
TRIAL, ESTIMATE = "train-trial", "train-estimate"
"""Keys of (request, estimate under way) and of (request, what it found)."""


@st.fragment
def show() -> None:
    """Show the form; nothing runs until a button is pressed."""
    with st.container(border=True):
        with layout.wrapping("train-new", 2):
            columns = st.columns([1.3, 1.3, 1.3, 0.8, 0.8], vertical_alignment="bottom")
        names = list(presets())
        name = columns[0].selectbox("Preset", names, index=names.index(first_preset(names)), key="train-preset")
        method, preset = find_preset(name)
        try:
            describe(name)
        except InputError as error:  # the method of a plug-in, say
            st.error(str(error))
            return
        cohort = choose_cohort(columns[1], name)
        free = free_name(name)
        run = columns[2].text_input("Name of the run", free, key=f"train-name-{free}").strip()
        most = layout.LARGEST_SEED
        seed = columns[3].number_input(
            "Seed", 0, most, 0, key="train-seed", help="Of weights, noise and order of images."
        )
        epochs = columns[4].number_input("Epochs", 1, None, preset.schedule.epochs, key=f"train-epochs-{name}")
        _describe(name)
        if cohort is None:
            return
        try:
            config, schedule = _settings(name, method, preset, int(epochs))
            request = Request(
                preset=name,
                cohort=cohort,
                name=run,
                seed=int(seed),
                config=config,
                schedule=schedule,
                start_from=_start(name, method, config),
            )
            plan = request.check()
            for warning in (
                method.schedule_warning(config, schedule),
                start_recipe_warning(plan.start, plan.data) if plan.start else None,
            ):
                if warning:
                    layout.note(warning)
            st.code(shlex.join(["brainlab", *request.words()]), language="bash", wrap_lines=True)
        except InputError as error:
            # Images of another shape are nobody's mistake: the cohort is the only one, say.
            (st.error if readable(name)[cohort].fits else st.info)(str(error))
            return
        _act(request)


def _describe(name: str) -> None:
    found = describe(name)
    size = parameters(sum(found["parameters"].values()))
    parts = [found["method"], images_in_words(found).replace(" x ", " × "), size]
    parts += [f"made for {found['recipe']}"] if found["recipe"] else []
    parts += [found["paper"]] if found["paper"] else []
    parts += [f"there {found['paper_budget']}"] if found["paper_budget"] else []
    parts += [f"conditions {' '.join(found['conditions'])}"] if found["conditions"] else []
    parts += ["a trained run ships"] if found["ships"] else []
    st.caption(" · ".join(parts))


def _settings(name: str, method: Method[Any], preset: Preset[Any], epochs: int) -> tuple[Any, Schedule]:
    """Show all settings of the method and of its schedule; return what they say."""
    own = epochs == preset.schedule.epochs
    # A preset's own earlier stop goes with the preset's own epochs.
    schedule = preset.schedule if own else dataclasses.replace(preset.schedule, epochs=epochs, stop_after=None)
    with st.expander(f"All settings of a {method.title}, with the preset's values", key=f"train-settings-{name}"):
        schedule = settings.widgets(schedule, f"train-{name}-{own}", skip=["epochs"])
        config = settings.widgets(preset.config, f"train-{name}")
    changed = [*settings.changes(preset.schedule, schedule), *settings.changes(preset.config, config)]
    if changed:
        st.caption(f"Not as in the preset: {', '.join(changed)}.")
    elif schedule.stop_after:
        st.caption(
            f"Ends after {schedule.stop_after} of the {counted(schedule.epochs, 'epoch')} of its schedule, as the "
            "preset does."
        )
    return config, schedule


def _start(name: str, method: Method[Any], config: Any) -> str:
    """Offer the weights of runs that have these networks, where there are any; return the name of a run, or nothing."""
    able = [run for run, found in resources.runs().items() if can_start(found, method, config)]
    if not able:
        return ""
    return st.selectbox(
        "Begin with",
        ["", *able],
        format_func=lambda run: f"the weights of {run}" if run else "weights drawn by the seed",
        key=f"train-start-from-{name}",
        width=340,
        help="Of runs whose networks are those of these settings. Their people count as people that the new run was "
        "trained on.",
    )


def _act(request: Request) -> None:
    """Offer the estimate and the start."""
    with st.container(horizontal=True, vertical_alignment="center"):
        wants_estimate = st.button("Estimate time", icon=":material/timer:", key="train-estimate-button")
        wants_start = st.button("Start", type="primary", icon=":material/play_arrow:", key="train-start")
        line = st.container()
    try:
        if wants_estimate:
            _cancel()
            st.session_state[TRIAL] = (request, Trial.begin(request))
        if wants_start:
            _cancel()
            start(request)
            st.session_state[CHOSEN] = request.name
            st.toast(f"{request.name} starts; it goes on when this page is closed.")
            st.rerun()
    except InputError as error:
        line.error(str(error))
        return
    with line:
        if TRIAL in st.session_state:
            st.fragment(_follow_estimate, run_every=1.0)()
        elif ESTIMATE in st.session_state and st.session_state[ESTIMATE][0] == request:
            st.markdown(st.session_state[ESTIMATE][1])


def _follow_estimate() -> None:
    """Wait for the estimate without blocking the page."""
    if TRIAL not in st.session_state:
        return
    request, trial = st.session_state[TRIAL]
    if not trial.ended:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Taking a few steps in a process of its own … {trial.seconds:.0f} s")
            st.button("Cancel", key="train-cancel", type="tertiary", on_click=_cancel)
        return
    del st.session_state[TRIAL]
    try:
        found = f":green[:material/timer:] {trial.outcome()}"
    except InputError as error:
        found = f":red[:material/error:] {error}"
    st.session_state[ESTIMATE] = (request, found)
    st.rerun()


def _cancel() -> None:
    if TRIAL in st.session_state:
        st.session_state.pop(TRIAL)[1].cancel()
