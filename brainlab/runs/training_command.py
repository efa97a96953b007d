"""The command that trains a run again: as it was typed, with what it leaves to a preset or to a later resumption."""

import argparse
import dataclasses
import shlex
from typing import Any

from brainlab.cohort.origin import STARTED_FROM
from brainlab.config import add_flags, apply_flags, changed_flags
from brainlab.errors import InputError
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.runs.files import RunSettings
from brainlab.runs.methods import find_preset

STOP = "stop_after"
"""The setting that changes nothing of what is learnt, only when it ends: it counts as it was at the end."""


def training_command(kept: RunSettings) -> str:
    """Return the command line with which a run can be trained from the start.

    Its flags come after the recorded ones, where these do not give the run's settings: a preset may have changed since,
    and a run may have been stopped earlier than it was first meant to. Other settings that changed when it was resumed
    are those of its beginning; the card lists the changes. The recorded command stands as it is where its preset is
    gone, or its words mean nothing any more.
    """
    recorded = kept.values["training"]["command"] or shlex.join(_from_python(kept.values))
    try:
        words = shlex.split(recorded)
        method, preset = find_preset(kept.values["preset"])
        return shlex.join([*words, *_lacking(words, method, preset, *_at_the_start(kept))])
    except (InputError, ValueError, argparse.ArgumentError):
        return recorded


def _from_python(settings: dict[str, Any]) -> list[str]:
    """Return the words of a training that no command began, without its settings."""
    training = settings["training"]
    words = ["brainlab", "train", settings["preset"], "--data", "DATA", "--out", "RUN", "--seed", str(settings["seed"])]
    words += ["--precision", training["precision"], *(["--half-weights"] if training["half_weights"] else [])]
    words += ["--fold", training["fold"]] if "fold" in training else []
    started_from = settings.get(STARTED_FROM, [])
    return [*words, *(["--start-from", started_from[0]["run"]] if started_from else [])]


def _at_the_start(kept: RunSettings) -> tuple[Any, Schedule]:
    """Return a run's settings before they were changed by resuming it, but for when it ends."""
    config, schedule = kept.config, kept.schedule
    for entry in reversed(kept.values.get("resumed", [])):
        before = {name: values[0] for name, values in entry["changes"].items() if name != STOP}
        config = dataclasses.replace(config, **{name: before[name] for name in before if hasattr(config, name)})
        schedule = dataclasses.replace(schedule, **{name: before[name] for name in before if hasattr(schedule, name)})
    return config, schedule


def _lacking(words: list[str], method: Method[Any], preset: Preset[Any], config: Any, schedule: Schedule) -> list[str]:
    """Return the flags without which the words, read by today's preset, would train with other settings.

    Settings that others leave without effect are left out, for a flag for one is refused.
    """
    if type(config) is not type(preset.config):
        raise ValueError("the preset is of another method now")
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_flags(parser, Schedule)
    add_flags(parser, type(config))
    args, _ = parser.parse_known_args(words)
    given = preset.schedule.asked(args)
    asked = apply_flags(preset.config, args)
    config = dataclasses.replace(config, **{name: getattr(asked, name) for name in method.without_effect(config)})
    flags = [*changed_flags(given, schedule), *changed_flags(asked, config)]
    if given.epochs != schedule.epochs and given.stop_after == schedule.stop_after is not None:
        flags += ["--stop-after", str(schedule.stop_after)]  # which does not outlive other epochs by itself
    return flags
