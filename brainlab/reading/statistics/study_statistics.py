"""All statistics of a reading study from its answers, as one dictionary that is ready for JSON."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from brainlab.errors import InputError
from brainlab.measures.krippendorff import LEVELS
from brainlab.reading.statistics import reader_accuracy, time_course
from brainlab.reading.statistics.answers import Answers, by_condition, by_round
from brainlab.reading.statistics.mrmc import reader_means
from brainlab.reading.statistics.paired.comparisons import compare_conditions, compare_sources
from brainlab.reading.statistics.paired.machine_beside_readers import (
    compare_machines,
    machine_cases,
    machine_figures,
)
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from brainlab.reading.statistics.reader_agreement import agreement_figures
from brainlab.reading.statistics.rounds import between_rounds


def study_statistics(
    frame: pd.DataFrame,
    level: str = "nominal",
    equivalence_margin: float = 0.1,
    categories: Sequence[str] = (),
    machines: Sequence[MachineReader] = (),
) -> dict[str, Any]:
    """Return agreement and accuracy of the readers of one study.

    `frame` has one row an answer: reader, case, answer and, where known, truth, confidence (1-5), source, class,
    position, active_ms, round and phase (practice rows are left out, repeat rows enter the intra-reader figures only).
    An empty answer is missing. `level` is Krippendorff's: nominal, ordinal, interval or ratio. `equivalence_margin` is
    how far from one half the balanced accuracy may lie and still count as chance; fix it before anyone reads.
    `categories` are all answers that the question allows; without them those that were given or are true.
    A column `condition` names under which of several conditions, such as with and without a cue, a case was judged; all
    figures but `conditions` and `paired` are then of the first one. `machines` read the same cases.

    Keys: `readers`, `cases`, `answers`; `cohens_kappa` (one entry a pair of readers), `intra_reader` (each reader's
    intra-reader kappa), `fleiss_kappa`, `gwet_ac1`, `pabak`, `krippendorff_alpha`, each with value, low, high, n
    and reason; `per_reader` {reader: {accuracy, sensitivity, specificity, auc, d_prime, criterion, signal_detection,
    against_chance}}; `per_source` and `per_class` {reader: {source: share called real}}; `accuracy_per_class`;
    `auc_per_source`; `roc` {reader: curve}; `seconds_per_case`, `seconds_per_source`, `pace` and `learning` by reader;
    `all_readers` {accuracy, auc}, see `mrmc.reader_means`, None with one reader; `categories`, every answer that can
    occur; `paired` {sources, conditions, machines}, a list each of comparisons that readers share, see
    `paired.comparisons`; `conditions`, a list of {condition, readers, cases, answers, all_readers, per_reader}, empty
    with one; `machine_readers`, each machine's ROC area, and `machine_cases`, a row a case. Where sources are known,
    the intervals of agreement, accuracy and ROC area take cases as sampled within them (hidden repeats: from all).
    All of these are of the first reading; `rounds` has agreement and accuracy of every reading, and `between_rounds`
    compares later readings with the first. A value of None is undefined, and `reason` says why.
    Raises InputError for a table or level that cannot be used.
    """
    if level not in LEVELS:
        raise InputError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
    readings_of = {label: _readings(part, categories) for label, part in by_condition(frame).items()}
    readings_of = {label: found for label, found in readings_of.items() if found}
    rounds = next(iter(readings_of.values()), {})
    if not rounds:
        raise InputError("the table has no answers outside the practice block")
    readings = [
        {
            "round": number,
            "readers": answers.readers,
            "cases": len(answers.codes),
            "answers": int((answers.codes >= 0).sum()),
            **agreement_figures(answers, level),
            "all_readers": reader_means(answers),
            "per_reader": reader_accuracy.per_reader(answers, equivalence_margin),
        }
        for number, answers in rounds.items()
    ]
    first = next(iter(rounds.values()))
    conditions = {label: next(iter(found.values())) for label, found in readings_of.items()}
    return {
        **{key: value for key, value in readings[0].items() if key != "round"},
        "categories": list(first.categories),
        "per_source": reader_accuracy.called_real(first, "source"),
        "per_class": reader_accuracy.called_real(first, "class"),
        "accuracy_per_class": reader_accuracy.correct_by(first, "class"),
        "auc_per_source": reader_accuracy.area_by_source(first),
        "roc": reader_accuracy.roc_curves(first),
        "seconds_per_case": time_course.seconds_per_case(first),
        "seconds_per_source": time_course.seconds_per_source(first),
        "pace": time_course.pace(first),
        "learning": time_course.learning(first),
        "rounds": readings,
        "between_rounds": between_rounds(rounds),
        "conditions": [
            {
                "condition": label,
                "readers": answers.readers,
                "cases": len(answers.codes),
                "answers": int((answers.codes >= 0).sum()),
                "all_readers": reader_means(answers),
                "per_reader": reader_accuracy.per_reader(answers, equivalence_margin),
            }
            for label, answers in conditions.items()
            if len(conditions) > 1
        ],
        "paired": {
            "sources": compare_sources(first),
            "conditions": compare_conditions(conditions),
            "machines": compare_machines(first, machines),
        },
        "machine_readers": machine_figures(first, machines),
        "machine_cases": machine_cases(first, machines),
    }


def _readings(frame: pd.DataFrame, categories: Sequence[str]) -> dict[int, Answers]:
    """Return the answers of each reading in which anybody answered."""
    rounds = {number: Answers.from_frame(part, categories) for number, part in by_round(frame).items()}
    return {number: answers for number, answers in rounds.items() if answers.readers}
