"""Answers as input of the FDA's iMRMC software, for its analysis of many readers and many cases.

The format (iMRMC user manual, section 4.1; https://github.com/DIDSR/iMRMC): free text and counts, a line
'BEGIN DATA:', then rows readerID,caseID,modalityID,score without a heading. Rows with readerID and modalityID 'truth'
give each case's truth, 1 with signal and 0 without.
"""

import re

import pandas as pd

from brainlab.errors import InputError
from brainlab.files.spreadsheet import plain_cell
from brainlab.reading.statistics.answers import REAL, Answers, by_round
from brainlab.reading.statistics.roc import signed_confidence

TRUTH = "truth"


def imrmc_table(frame: pd.DataFrame) -> str:
    """Return the main answers of `frame` as text in iMRMC's format.

    'Real' is the signal: truth is 1 for real cases. A score is the signed confidence (+ for 'real'); where any answer
    lacks confidence, all scores are 1 for 'real' and 0 for 'fake'. Every reading is a modality (reading1, reading2),
    so that iMRMC compares a second reading with the first. Missing answers have no row.
    Raises InputError when a case has no truth, answers are not real or fake, or two names would become one.
    """
    readings = {number: Answers.from_frame(part) for number, part in by_round(frame).items()}
    if not all(answers.real_or_fake and "truth" in answers.main for answers in readings.values()):
        raise InputError("iMRMC needs answers and truth that are real or fake; export .csv instead")
    cases = pd.concat([answers.main[["case", "truth"]] for answers in readings.values()]).drop_duplicates()
    if cases["truth"].isna().any() or cases["case"].duplicated().any():
        raise InputError("iMRMC needs one truth for every case; some case has none or two")
    given = {number: answers.main[answers.main["answer"].notna()] for number, answers in readings.items()}
    sure = all("confidence" in rows and rows["confidence"].notna().all() for rows in given.values())
    readers = _names(list(dict.fromkeys(name for rows in given.values() for name in rows["reader"])))
    names = _names(cases["case"].tolist())
    lines = [
        "Blinded reading study, real or generated images",
        f"Score is {'signed confidence, above 0 for real' if sure else '1 for real and 0 for fake'}",
        f"NR: {len(readers)}",
        f"N0: {(cases['truth'] != REAL).sum()}",
        f"N1: {(cases['truth'] == REAL).sum()}",
        f"NM: {sum(len(rows) > 0 for rows in given.values())}",
        "BEGIN DATA:",
    ]
    lines += [
        f"{TRUTH},{names[case]},{TRUTH},{int(truth == REAL)}"
        for case, truth in cases.itertuples(index=False, name=None)
    ]
    for number, rows in given.items():
        scores = signed_confidence(rows) if sure else (rows["answer"] == REAL).astype(int)
        lines += [
            f"{readers[reader]},{names[case]},reading{number},{score:g}"
            for reader, case, score in zip(rows["reader"], rows["case"], scores, strict=True)
        ]
    return "\n".join(lines) + "\n"


def _names(names: list[str]) -> dict[str, str]:
    """Return names as iMRMC can read them: without commas, which part fields, spaces, which it drops, and formulas."""
    found = {name: str(plain_cell(re.sub(r"[\s,]+", "_", name))) for name in names}
    taken = set(found.values())
    if len(taken) < len(found) or taken & {TRUTH, "-1"}:
        raise InputError(f"iMRMC: names must differ without commas and spaces and not be '{TRUTH}'; rename some")
    return found
