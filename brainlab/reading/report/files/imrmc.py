"""Answers as input of the FDA's iMRMC software, for its analysis of many readers and many cases.

The format (iMRMC user manual, section 4.1; https://github.com/DIDSR/iMRMC): free text and counts, a line
'BEGIN DATA:', then rows readerID,caseID,modalityID,score without a heading. Rows with readerID and modalityID 'truth'
give each case's truth, 1 with signal and 0 without. The Java program (InputFile.java) and the R package (doAUCmrmc)
read it by rules of their own, all of which the file keeps.
"""

import re

import pandas as pd

from brainlab.errors import InputError
from brainlab.files.spreadsheet import plain_cell
from brainlab.reading.statistics.answers import REAL, Answers, by_condition, by_round
from brainlab.reading.statistics.roc import signed_confidence

TRUTH = "truth"
FEWEST = 2
"""Cases of each kind that every reader needs in every modality: iMRMC analyses no reader with fewer."""


def imrmc_table(frame: pd.DataFrame) -> str:
    """Return the main answers of `frame` as text in iMRMC's format.

    'Real' is the signal: truth is 1 for real cases. A score is the signed confidence (+ for 'real'); where any answer
    lacks confidence, all scores are 1 for 'real' and 0 for 'fake'. Every reading is a modality (reading1, reading2),
    so that iMRMC compares a second reading with the first; so is every condition, where there are several (with_cue,
    with_cue_reading2). Missing answers have no row.
    Raises InputError when a case has no truth, answers are not real or fake, a reader judged fewer than two cases of a
    kind in a modality, or two names would become one.
    """
    readings = _modalities(frame)
    if not all(answers.real_or_fake and "truth" in answers.main for answers in readings.values()):
        raise InputError("iMRMC needs answers and truth that are real or fake; export .csv instead")
    cases = pd.concat([answers.main[["case", "truth"]] for answers in readings.values()]).drop_duplicates()
    if cases["truth"].isna().any() or cases["case"].duplicated().any():
        raise InputError("iMRMC needs one truth for every case; some case has none or two")
    given = {name: answers.main[answers.main["answer"].notna()] for name, answers in readings.items()}
    for modality, rows in given.items():
        _check_kinds(modality, rows)
    sure = all("confidence" in rows and rows["confidence"].notna().all() for rows in given.values())
    readers = _names(list(dict.fromkeys(name for rows in given.values() for name in rows["reader"])))
    names = _names(cases["case"].tolist())
    modalities = _names(list(given))
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
    for modality, rows in given.items():
        scores = signed_confidence(rows) if sure else (rows["answer"] == REAL).astype(int)
        lines += [
            f"{readers[reader]},{names[case]},{modalities[modality]},{score:g}"
            for reader, case, score in zip(rows["reader"], rows["case"], scores, strict=True)
        ]
    return "\n".join(lines) + "\n"


def _modalities(frame: pd.DataFrame) -> dict[str, Answers]:
    """Return the answers of every reading under every condition, by the name of the modality."""
    found = {}
    for condition, part in by_condition(frame).items():
        for number, rows in by_round(part).items():
            again = f"_reading{number}" if number > 1 else ""
            found[f"{condition}{again}" if condition else f"reading{number}"] = Answers.from_frame(rows)
    return found


def _check_kinds(modality: str, rows: pd.DataFrame) -> None:
    """Raise InputError for a reader who judged too few cases of a kind in a modality."""
    for reader, own in rows.groupby("reader", sort=False):
        real = int((own["truth"] == REAL).sum())
        if min(real, len(own) - real) < FEWEST:
            raise InputError(
                f"iMRMC needs {FEWEST} real and {FEWEST} fake cases that each reader judged; {reader} judged {real} "
                f"and {len(own) - real} ({modality}); export .csv instead"
            )


def _names(names: list[str]) -> dict[str, str]:
    """Return names as iMRMC can read them.

    Without commas, which part fields, spaces, which it drops, quotes, in which R takes commas for text, and formulas;
    'NA', which R reads as missing, gets a line below.
    """
    found = {name: str(plain_cell(re.sub(r'[\s,"]+', "_", name))) for name in names}
    found = {name: f"{shown}_" if shown == "NA" else shown for name, shown in found.items()}
    taken = set(found.values())
    if len(taken) < len(found) or taken & {TRUTH, "-1"}:
        raise InputError(f"iMRMC: names must differ without commas and spaces and not be '{TRUTH}'; rename some")
    return found
