"""Write a simulated cohort as a BIDS dataset: atomic by participant, resumable, the same bytes for the same seed.

OUT/dataset_description.json      written first; holds the settings, by which a second run knows its own
OUT/sub-*/ses-*/{anat,dwi,pet}/   one image a sequence and visit; a participant's folder is renamed into place when
                                  whole, after its truth
OUT/derivatives/truth/            labels, masks, myelin (`--truth full`) and scans.tsv with the volumes of each visit
                                  (always)
OUT/participants.tsv, README      written last, from the truth of every participant
OUT/.unfinished                   there from the first file to the last, and what reads cohorts refuses one with it
"""

import json
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from brainlab import __version__
from brainlab.cohort import bids_writer
from brainlab.errors import InputError, naming_path
from brainlab.files.folder_lock import LOCK, folder_in_use
from brainlab.files.json_text import parse_json
from brainlab.files.unfinished import MARK, mark_finished, mark_unfinished
from brainlab.files.whole import SCRATCH
from brainlab.images.provenance import Provenance
from brainlab.ranges import flag
from brainlab.simulation import visit_writer
from brainlab.simulation.disease.longitudinal import EDSS_COEFFICIENTS, EDSS_NOISE
from brainlab.simulation.participant import (
    CohortSettings,
    SimulatedParticipant,
    participant_id,
    simulate_participant,
)
from brainlab.simulation.people.anatomy import LABELS
from brainlab.simulation.published import CLASSES
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import SCANNERS
from brainlab.workers.workers import HERE, Workers

GENERATOR = "brainlab simulate"
SIMULATOR = 3
"""Which people a seed stands for: they change with this number and with nothing else."""
LICENSE = "CC0"
"""Of simulated people alone: nobody was scanned, so that nobody's rights are touched."""
KEPT = "people who are finished are kept"
TRUTH = Path("derivatives") / "truth"
PARTICIPANT_COLUMNS = ("participant_id", "age", "sex", "class", "dynamic_remyelination")
SESSION_COLUMNS = ("session_id", "age", "years_since_first", "edss")
SCAN_COLUMNS = (
    "participant_id",
    "session_id",
    "class",
    "age_years",
    "sex",
    "brain_volume_ml",
    "intracranial_volume_ml",
    "ventricle_volume_ml",
    "lesion_volume_ml",
    "demyelinated_volume_ml",
    "template_volume_ratio",
)
STROKE_COLUMN = "stroke_volume_ml"
FLAGS = {"stroke_share": "--acute-stroke"}
"""Settings whose flag is called otherwise."""

README = """This dataset is SIMULATED: nobody was scanned. brainlab made it from the MNI152 template.

Images:    one of each sequence a visit: skull-stripped on the MNI152 grid (space mni), or whole heads in a scanner
           (native). Sequences: {sequences}.
Truth:     derivatives/truth holds labels, brain and lesion masks and myelin (unless it was made with `--truth table`),
           and scans.tsv with volumes in ml of the person's real head. Whole heads lie on a grid of their own in each
           sequence: the masks of the first are complete, those of others carry their name (space-T2w); maps of one
           scan, such as DWI and ADC, share the masks of the first of them.
Infarcts:  people with an acute one (`--acute-stroke`) keep their class: stroke_volume_ml in scans.tsv tells them, and
           desc-stroke_mask shows it, at their last visit.
Classes:   healthy, ms (multiple sclerosis), leuko1-3 (leukoencephalopathy, Fazekas 1-3); see participants.tsv.
EDSS:      in each person's sessions table; its formula and coefficients stand in participants.json.
"""


def parse_classes(words: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """Read `NAME` or `NAME:WEIGHT` words; a name alone weighs 1. Raises InputError on a bad name or weight."""
    classes = {}
    for word in words:
        name, _, text = word.partition(":")
        if name not in CLASSES:
            raise InputError(f"--classes {word}: needs one of {', '.join(CLASSES)}, got '{name}'")
        try:
            weight = float(text) if text else 1.0
        except ValueError:
            weight = -1.0
        if not (0 < weight < float("inf")):
            raise InputError(f"--classes {word}: the weight must be a number above 0, got '{text}'")
        if name in classes:
            raise InputError(f"--classes {word}: '{name}' is named twice; give each class once")
        classes[name] = weight
    return tuple(classes.items())


def simulate_cohort(
    out: Path | str,
    settings: CohortSettings,
    participants: int,
    *,
    truth: str = "full",
    workers: Workers = HERE,
    track: Callable[[Iterable[int], int], Iterable[int]] | None = None,
) -> dict[str, Any]:
    """Write participants 1 to `participants` and return `participants`, `scans` and `seconds`.

    `scans` counts each sequence of each visit: two visits of FLAIR and T1w are four scans.

    truth: `full` writes images of the truth, `table` only derivatives/truth/scans.tsv: about a third faster.
    workers: who simulates them; the bytes do not depend on that. track: wraps the numbers of the participants to show
    progress.
    A run that was killed is taken up where it stopped; more participants can be added to a finished cohort.
    Raises InputError when the folder holds something else, or a cohort of other settings, or when another process
    simulates there; OSError that names `out`.
    """
    out, started = Path(out), time.monotonic()
    _check(settings, participants, truth)
    try:
        with naming_path(out):
            _refuse_others(out, settings, truth)
            out.mkdir(parents=True, exist_ok=True)
            with folder_in_use(out, GENERATOR):
                _refuse_others(out, settings, truth)  # again: another process may have been quicker
                _claim(out, settings, truth)
                wanted = [number for number in range(1, participants + 1) if not _is_done(out, settings, number)]
                tasks = ((out.absolute(), settings, number, truth) for number in wanted)
                done: Iterable[int] = workers.map(write_participant, tasks, shared=[out.absolute()], kept=KEPT)
                for _ in done if track is None else track(done, len(wanted)):
                    pass
                people, visits = _write_tables(out, settings)
                mark_finished(out)
    except OSError as error:
        if out.is_dir():
            error.add_note(KEPT)
        raise
    return {
        "participants": people,
        "scans": visits * len(settings.modalities),
        "seconds": round(time.monotonic() - started, 2),
    }


def write_participant(out: Path, settings: CohortSettings, number: int, truth: str) -> int:
    """Simulate and write one participant; returns the number."""
    person = simulate_participant(settings, number)
    name = person.participant
    truth_folder, folder = out / TRUTH / name, out / name
    scratch = [path.parent / f".{path.name}.partial" for path in (truth_folder, folder)]
    for path in scratch:
        shutil.rmtree(path, ignore_errors=True)
    # No sequence depends on which others are imaged, so that their names are in the description of the cohort only.
    parameters = {key: value for key, value in asdict(settings).items() if key not in ("seed", "modalities")}
    parameters["simulator"] = SIMULATOR
    said = Provenance(kind="simulated", seed=settings.seed, draw=number, settings=parameters)
    for visit in person.visits:
        stem, place = f"{name}_{visit.session}", scratch[1] / visit.session
        for image in visit.images:
            visit_writer.write_image(place, stem, image, said, skull_stripped=settings.space == "mni")
        if truth == "full":
            visit_writer.write_truth(scratch[0] / visit.session, stem, visit.images, said)
    bids_writer.write_table(scratch[1] / f"{name}_sessions.tsv", SESSION_COLUMNS, person.sessions)
    bids_writer.write_json(scratch[0] / "participant.json", _summary(person))
    for path, final in zip(scratch, (truth_folder, folder), strict=True):
        shutil.rmtree(final, ignore_errors=True)
        path.rename(final)
    return number


def _summary(person: SimulatedParticipant) -> dict[str, Any]:
    """What the tables of the whole cohort need of one participant."""
    return {"participant": person.row, "scans": [visit.row for visit in person.visits]}


def _check(settings: CohortSettings, participants: int, truth: str) -> None:
    """Refuse what cannot be simulated."""
    if participants < 1:
        raise InputError(f"--participants: needs at least 1, got {participants}")
    if not 0 <= settings.seed < 2**32:
        raise InputError(f"--seed: needs a whole number from 0 to {2**32 - 1}, got {settings.seed}")
    if not 0 <= settings.stroke_share <= 1:
        raise InputError(f"--acute-stroke: needs a share from 0 to 1, got {settings.stroke_share}")
    for name in settings.sites:
        if name not in (known_sites := [scanner.name for scanner in SCANNERS]):
            raise InputError(f"--sites {name}: needs one of {', '.join(known_sites)}, got '{name}'")
        if settings.sites.count(name) > 1:
            raise InputError(f"--sites {name}: is named twice; give each site once")
    if settings.acquisition_bias == "seed" and "ms" not in dict(settings.classes):
        names = ", ".join(dict(settings.classes))
        raise InputError(f"--acquisition-bias seed: needs the class ms, whose scans it concerns, got {names}")
    if not settings.modalities:
        raise InputError(f"--modalities: needs at least one of {', '.join(SEQUENCES)}, got none")
    for name in settings.modalities:
        if name not in SEQUENCES:
            raise InputError(f"--modalities {name}: needs one of {', '.join(SEQUENCES)}, got '{name}'")
        if settings.modalities.count(name) > 1:
            raise InputError(f"--modalities {name}: is named twice; give each sequence once")
    for option, value, known in (
        ("--space", settings.space, ("native", "mni")),
        ("--voxel-size-mm", settings.voxel_size_mm, (1, 2)),
        ("--acquisition-bias", settings.acquisition_bias, ("seed", "none")),
        ("--truth", truth, ("full", "table")),
    ):
        if value not in known:
            raise InputError(f"{option}: needs one of {', '.join(map(str, known))}, got {value}")


def _recorded(settings: CohortSettings, truth: str) -> dict[str, Any]:
    """Return the settings as the description of a cohort has them."""
    wanted = json.loads(json.dumps({**asdict(settings), "truth": truth, "simulator": SIMULATOR}))
    if not settings.sites:
        del wanted["sites"]  # as cohorts have it that were made before sites could be chosen
    return cast(dict[str, Any], wanted)


def _refuse_others(out: Path, settings: CohortSettings, truth: str) -> None:
    """Refuse a folder that holds anything but a cohort of these settings, begun or whole."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; choose a folder")
    description = out / "dataset_description.json"
    if description.is_file():
        try:
            generator = parse_json(description.read_text(encoding="utf-8"))["GeneratedBy"][0]
            found = generator["Parameters"] if generator["Name"] == GENERATOR else None
        except (ValueError, LookupError, TypeError):
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{out}: holds a dataset that this command did not make; choose another folder")
        if generator.get("Version") != __version__:
            raise InputError(f"{out}: was made by brainlab {generator.get('Version')}; choose another folder")
        if found.get("simulator", 1) != SIMULATOR:
            raise InputError(f"{out}: holds people of an older simulator; choose another folder")
        if found != (wanted := _recorded(settings, truth)):
            raise InputError(
                f"{out}: holds a cohort of other settings: {_others(found, wanted)}; choose another folder"
            )
    elif out.is_dir() and any(not _is_begun(path.name) for path in out.iterdir()):
        raise InputError(f"{out}: is not empty and not a simulated cohort; choose another folder")


def _others(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Say which settings differ, by their flags, and how."""
    other = [name for name in dict.fromkeys([*wanted, *found]) if found.get(name) != wanted.get(name)]
    return ", ".join(
        f"{FLAGS.get(name, flag(name))} {_in_words(found.get(name))} there, {_in_words(wanted.get(name))} here"
        for name in other
    )


def _in_words(value: Any) -> str:
    """Write a setting as its flag takes it; what a description lacks are the sites where all were meant."""
    if isinstance(value, list):
        return " ".join(":".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    return "all" if value is None else str(value)


def _is_begun(name: str) -> bool:
    """Whether a file is what a simulation leaves that was killed before the cohort had a description."""
    return name in (LOCK, MARK, TRUTH.parts[0]) or name.startswith(SCRATCH)


def _claim(out: Path, settings: CohortSettings, truth: str) -> None:
    """Make the folder ours, and say that it is not whole."""
    mark_unfinished(out, GENERATOR)
    for left in (path for root in (out, out / TRUTH) for path in root.glob(".sub-*.partial")):
        shutil.rmtree(left, ignore_errors=True)
    generator = {
        "Name": GENERATOR,
        "Version": __version__,
        "Description": "simulated: template anatomy, drawn lesions, signal equations; nobody was scanned",
        "Parameters": _recorded(settings, truth),
    }
    for root, derivative in ((out / TRUTH, True), (out, False)):
        name = "Truth of a simulated cohort" if derivative else f"Simulated cohort: {', '.join(settings.modalities)}"
        bids_writer.write_description(
            root, name, generator, derivative=derivative, license_name=LICENSE, Simulated=True
        )


def _is_done(out: Path, settings: CohortSettings, number: int) -> bool:
    """Whether a participant was written whole: its folder is renamed into place after everything else."""
    name = participant_id(settings.seed, number)
    return (out / name).is_dir() and (out / TRUTH / name / "participant.json").is_file()


def _write_tables(out: Path, settings: CohortSettings) -> tuple[int, int]:
    """Write the tables of everybody who is there; returns how many people and visits that is."""
    written = (
        path for path in sorted((out / TRUTH).glob("sub-*/participant.json")) if (out / path.parent.name).is_dir()
    )
    people = [json.loads(path.read_text(encoding="utf-8")) for path in written]
    visits = [row for person in people for row in person["scans"]]
    columns = (*SCAN_COLUMNS, STROKE_COLUMN) if settings.stroke_share else SCAN_COLUMNS
    bids_writer.write_table(out / TRUTH / "scans.tsv", columns, visits)
    labels = [{"index": index, "name": name} for index, name in LABELS.items()]
    bids_writer.write_table(out / TRUTH / "dseg.tsv", ("index", "name"), labels)
    meanings = {name: meaning for name, meaning in _MEANINGS.items() if name in columns}
    bids_writer.write_json(out / TRUTH / "scans.json", meanings)
    foreign = [SEQUENCES[name] for name in settings.modalities if not SEQUENCES[name].in_bids]
    if foreign:
        patterns = "".join(f"*_{sequence.suffix or sequence.name}.*\n" for sequence in foreign)
        bids_writer.write_bytes(out / ".bidsignore", patterns.encode())
    bids_writer.write_bytes(out / "README", README.format(sequences=", ".join(settings.modalities)).encode())
    bids_writer.write_json(
        out / "participants.json",
        {
            "age": {"Description": "age at the first visit", "Units": "years"},
            "sex": {"Levels": {"F": "female", "M": "male"}},
            "class": {"Levels": {name: name for name in CLASSES}},
            "dynamic_remyelination": {
                "Description": "share of voxels demyelinated at the first visit that have their myelin back at the last"
            },
            "edss": {
                "Description": "in each sessions table: sum of coefficients and normal noise, rounded to 0.5, in 0-10",
                "Coefficients": EDSS_COEFFICIENTS,
                "NoiseStandardDeviation": EDSS_NOISE,
            },
        },
    )
    bids_writer.write_table(out / "participants.tsv", PARTICIPANT_COLUMNS, [person["participant"] for person in people])
    return len(people), len(visits)


_MEANINGS = {
    "brain_volume_ml": {"Description": "grey and white matter and lesions in the real head", "Units": "ml"},
    "intracranial_volume_ml": {"Description": "the brain mask, with inner and outer fluid", "Units": "ml"},
    "ventricle_volume_ml": {"Description": "lateral, third and fourth ventricles", "Units": "ml"},
    "lesion_volume_ml": {"Description": "voxels of which at least half is lesion", "Units": "ml"},
    "demyelinated_volume_ml": {"Description": "plaque voxels without their myelin", "Units": "ml"},
    STROKE_COLUMN: {"Description": "voxels of which at least half is acutely infarcted tissue", "Units": "ml"},
    "template_volume_ratio": {"Description": "volume in the template's space over volume in the real head"},
}
