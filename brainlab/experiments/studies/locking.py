"""Lock a reading study: draw real and fake images, render them by one path, probe the rendering, seal the truth."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import BrainlabError, InputError, LockRefusedError, StudyStateError
from brainlab.experiments.studies.folder_supply import FolderSupply
from brainlab.experiments.studies.lock_checks import (
    SPECTRUM_IMAGES,
    Closeness,
    closeness_to_training,
    compare_spectra,
    power_of,
    refuse_known_scans,
)
from brainlab.experiments.studies.ready_images import (
    common_size_mm,
    final_pixels,
    harmonised_record,
    jpeg_record,
    probed,
    ready_image,
    refuse_coarse,
    refuse_coarser_jpeg,
)
from brainlab.experiments.studies.sources import (
    describe_sources,
    expected_people,
    people_in_all,
    people_shown,
    refuse_other_sizes,
)
from brainlab.experiments.studies.stimuli import CohortSupply, RunSupply, Stimulus, Supply
from brainlab.pseudonyms import keyed_hash
from brainlab.reading.desk.lifecycle import load_protocol, study_status
from brainlab.reading.images.blinding_check import FOLDS, JPEG, Probe, probe
from brainlab.reading.protocol.composition import practice_counts, shared_heights
from brainlab.reading.protocol.design import Protocol, Source
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.lock_record import jpeg_in_words, lock_findings, lock_warnings
from brainlab.reading.record.reused_images import image_sha256, recurring_images, sealed_beside
from brainlab.reading.record.salt import another, generator, new_salt
from brainlab.reading.record.sealing import Case, check_alike, seal
from brainlab.runs.listing import list_runs
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run, load_run
from brainlab.types import FloatArray, UInt8Array
from brainlab.workspace import cohort_folders

PROBE_IMAGES = 200
"""Rendered images per label that the probe judges, whatever the size of the study."""

MOST_DRAWS = 12
"""Attempts to draw scans and files that no other study shows."""

Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Wraps an iterable to show progress: (items, description, total)."""


@dataclass(frozen=True)
class LockReport:
    """What was locked.

    probe: the blinding gate's finding. override: why the lock was made in spite of it. warnings: what else the report
    will have to say, a sentence each; findings: the checks that were passed or could not be made. sources: an entry a
    source, see `describe_sources`. harmonised: how images were made alike (`harmonised_record`), None where they were
    not.
    """

    cases: int
    practice: int
    probe: Probe
    override: str
    warnings: tuple[str, ...]
    findings: tuple[str, ...]
    sources: tuple[dict[str, Any], ...]
    harmonised: dict[str, Any] | None = None


def lock_study(folder: Path, override: str = "", watch: Watch | None = None) -> LockReport:
    """Draw, render and seal everything that a draft's protocol asks for, under a new salt.

    override: a reason to lock although the probe tells real from fake; it is kept for the report.
    Raises StudyStateError when the study is no draft, LockRefusedError when the probe refuses, InputError when a source
    cannot be used.
    """
    status = study_status(folder)
    if status.state != "draft":
        raise StudyStateError(f"to lock the study it must be draft, but it is {status.state}")
    protocol = load_protocol(folder)
    supplies = open_sources(protocol)
    salt, people_key = new_salt(), new_salt()
    beside = sealed_beside(folder)
    drawn = _draw(protocol, supplies, salt, set().union(*beside.values()), watch)
    refuse_coarse(
        {s.source.name: [*seen, *unseen] for s, (seen, unseen) in zip(supplies, drawn, strict=True)}, protocol
    )
    size_mm = common_size_mm([stimulus for seen, _ in drawn for stimulus in seen], protocol)
    cases: list[Case] = []
    features: dict[str, list[Any]] = {"real": [], "fake": []}
    people: dict[str, list[str]] = {"real": [], "fake": []}
    names = [supply.source.name for supply in supplies]
    power: dict[str, list[FloatArray]] = {name: [] for name in names}
    reduced: dict[str, list[float]] = {name: [] for name in names}
    qualities: dict[str, list[int | None]] = {name: [] for name in names}
    with _steps(watch, "Rendering", sum(len(seen) + len(unseen) for seen, unseen in drawn)) as step:
        for supply, (seen, unseen) in zip(supplies, drawn, strict=True):
            source, known = supply.source, people[supply.source.truth]
            for place, stimulus in enumerate(seen):
                ready = ready_image(stimulus, protocol, source)
                reduced[source.name].append(ready.reduced)
                case = _case(stimulus, final_pixels(ready, protocol, source, size_mm), source, people_key)
                cases.append(replace(case, practice=place >= source.n))
                step()
            for stimulus in unseen:
                ready = ready_image(stimulus, protocol, source)
                pixels, _ = final_pixels(ready, protocol, source, size_mm)
                found, quality = probed(stimulus, ready, pixels, protocol)
                features[source.truth].append(found)
                qualities[source.name].append(quality)
                if len(power[source.name]) < SPECTRUM_IMAGES:
                    power[source.name].append(power_of(pixels))
                known.append(stimulus.participant or f"{source.name} {len(known)}")
                step()
    refuse_coarser_jpeg(qualities, protocol)
    check_alike(cases)  # the probe would know another size again, and name what follows from it
    groups = [*people["real"], *people["fake"]]
    finding = probe(np.array(features["real"]), np.array(features["fake"]), protocol.seed, groups)
    if not finding.passed and not override.strip():
        raise LockRefusedError(_refusal(finding, jpeg_record(qualities)), _advice(finding))
    sources = describe_sources(supplies, people_shown(cases))
    checks: dict[str, Any] = {
        "probe": finding.to_dict(),
        "override": override.strip(),
        "sources": sources,
        "people": people_in_all(cases),
        "training": _closeness(supplies, drawn),
        "spectrum": _spectra(supplies, power, protocol.seed),
        "recurring": recurring_images([case.pixels for case in cases], beside),
        "jpeg": jpeg_record(qualities),
        "harmonised": harmonised_record(protocol, dict(zip(names, (seen for seen, _ in drawn), strict=True)), reduced),
    }
    first = protocol.questions[0]
    shown = group_cases(cases, first, generator(salt, "pairs")) if protocol.grouped else cases
    seal(folder, shown, checks, _note(finding, override), salt)
    return LockReport(
        protocol.cases,
        protocol.practice,
        finding,
        "" if finding.passed else override.strip(),
        tuple(lock_warnings(checks)),
        tuple(lock_findings(checks)),
        tuple(sources),
        checks["harmonised"],
    )


def open_sources(protocol: Protocol) -> list[Supply]:
    """Open every source of a protocol; raises InputError naming the first that is not there, or two of other sizes.

    Real scans are taken from people that no run at hand was trained on; a run made from simulated scans has seen no
    real person, whatever the names. Beside a folder of fakes, whose makers' training people are unknown, only the test
    split is taken, and so it is where the key of a run's people is not at hand.
    """
    known = list_runs()
    runs: dict[str, Run] = {}
    for run in known:
        runs.setdefault(run.name, run)
    chosen = {s.name: _find_run(s.name, runs) for s in protocol.sources if s.kind == "run"}
    at_hand = [*known, *chosen.values()]
    unknown = any(source.kind == "folder" and source.truth == "fake" for source in protocol.sources)
    supplies: list[Supply] = []
    for source in protocol.sources:
        if source.kind == "run":
            supplies.append(RunSupply(source, protocol, chosen[source.name]))
        elif source.kind == "folder":
            supplies.append(FolderSupply(source, protocol))
        else:
            dataset = _find_cohort(source.name)
            supplies.append(_cohort_supply(source, protocol, dataset, at_hand, only_test=unknown))
    refuse_other_sizes(supplies, protocol)
    return supplies


def foresee_sources(protocol: Protocol) -> list[dict[str, Any]]:
    """Return what the record of a lock would say of each source; raises InputError as `open_sources` does."""
    supplies = open_sources(protocol)
    return describe_sources(supplies, expected_people(supplies))


def _cohort_supply(
    source: Source, protocol: Protocol, dataset: PreparedDataset, runs: Sequence[Run], *, only_test: bool
) -> CohortSupply:
    """Return a cohort without the people that a run was trained on; where these cannot be known, its test split."""
    found = [recognise(run, dataset) for run in runs]
    seen = np.any([each.seen for each in found], axis=0) if found else np.zeros(len(dataset), dtype=bool)
    gaps = tuple(dict.fromkeys(each.gap for each in found if each.gap))
    return CohortSupply(source, protocol, dataset, seen, only_test=only_test or bool(gaps), gaps=gaps)


def preview(protocol: Protocol, per_source: int = 1) -> dict[str, list[UInt8Array]]:
    """Render a few images of each source as readers would see them, for the researcher at design time.

    Not the images of the study: those are drawn at lock, under a salt that does not exist yet.
    """
    known = f"preview {protocol.seed}".encode()
    supplies = open_sources(protocol)
    drawn = {supply: supply.draw_for_probe(per_source, known) for supply in supplies}
    return {
        supply.source.name: [stimulus_pixels(image, supply) for image in images] for supply, images in drawn.items()
    }


def _draw(
    protocol: Protocol, supplies: Sequence[Supply], salt: bytes, known: Set[str], watch: Watch | None
) -> list[tuple[list[Stimulus], list[Stimulus]]]:
    """Draw the images of every source: those for the readers, practice last, and those for the probe alone.

    known: hashes of the images that other studies show, which are left out as far as possible.
    """
    labels = [supply.source.truth for supply in supplies]
    first = protocol.questions[0]
    practice = practice_counts(first, labels, protocol.practice)
    heights: list[FloatArray] | list[None] = [None] * len(supplies)
    if protocol.grouped:
        given = [(supply.source.name, supply.source.truth, supply.source.n) for supply in supplies]
        heights = shared_heights(first, given, protocol.practice, generator(salt, "heights"))
    shown = [supply.source.n + extra for supply, extra in zip(supplies, practice, strict=True)]
    probed_alone = [-(-PROBE_IMAGES // labels.count(label)) for label in labels]
    drawn = []
    with _steps(watch, "Drawing", sum(shown) + sum(probed_alone)) as step:
        for supply, n, others, own in zip(supplies, shown, probed_alone, heights, strict=True):
            supply.made = step
            seen = _draw_new(supply, n, salt, known, own)
            if own is not None:
                seen = [replace(one, height=float(height)) for one, height in zip(seen, own, strict=True)]
            drawn.append((seen, supply.draw_for_probe(others, salt)))
    return drawn


@contextmanager
def _steps(watch: Watch | None, what: str, total: int) -> Iterator[Callable[[], object]]:
    """Yield what is to be called after each of so many steps; more are no harm, and with fewer the rest is passed."""
    steps = iter(watch(range(total), what, total) if watch else ())
    yield lambda: next(steps, None)
    for _ in steps:
        pass


def _draw_new(supply: Supply, n: int, salt: bytes, known: Set[str], heights: FloatArray | None) -> list[Stimulus]:
    """Draw images for the readers anew while there are known ones among them, and take the draw with the fewest."""
    best: list[Stimulus] = []
    fewest = n + 1
    for attempt in range(1 if isinstance(supply, RunSupply) or not known else MOST_DRAWS):
        drawn = supply.draw(n, another(salt, attempt), heights)
        images = (stimulus_pixels(stimulus, supply) for stimulus in drawn)
        recurring = sum(image_sha256(image) in known for image in images) if known else 0
        if recurring < fewest:
            best, fewest = drawn, recurring
        if not recurring:
            break
    return best


def _closeness(
    supplies: Sequence[Supply], drawn: Sequence[tuple[list[Stimulus], list[Stimulus]]]
) -> list[dict[str, Any]]:
    """Look for copies of training scans: among real images they refuse the lock, among fakes they are reported."""
    datasets = [data for folder in cohort_folders() if (data := _opened(folder)) is not None]
    chosen = [supply.run for supply in supplies if isinstance(supply, RunSupply)]
    found = []
    for supply, (seen, _) in zip(supplies, drawn, strict=True):
        name = supply.source.name
        if isinstance(supply, RunSupply):
            found.append(closeness_to_training(name, supply.run, seen, supplies, datasets).to_dict())
        elif supply.source.truth == "fake":
            reason = "the training data behind these images are unknown"
            found.append(Closeness(name, False, reason, len(seen)).to_dict())
        else:
            refuse_known_scans(name, seen, [*list_runs(), *chosen], datasets)
    return found


def _spectra(supplies: Sequence[Supply], power: dict[str, list[FloatArray]], seed: int) -> list[dict[str, Any]]:
    """Compare the spectrum of each source of fakes with that of all real images."""
    real = [one for supply in supplies if supply.source.truth == "real" for one in power[supply.source.name]]
    names = [supply.source.name for supply in supplies if supply.source.truth == "fake"]
    return [compare_spectra(name, power[name], real, seed).to_dict() for name in names if real and power[name]]


def _opened(folder: Path) -> PreparedDataset | None:
    """Open a cohort; None for a damaged one, which no source of the study is."""
    try:
        return PreparedDataset.open(folder)
    except BrainlabError:
        return None


def _find_run(name: str, known: dict[str, Run]) -> Run:
    if name in known:
        return known[name]
    if Path(name).is_dir():
        return load_run(name)
    raise InputError(f"run {name}: no such run; known are {', '.join(known) or 'none'}")


def _find_cohort(name: str) -> PreparedDataset:
    folders = {folder.name: folder for folder in cohort_folders()}
    if name in folders:
        return PreparedDataset.open(folders[name])
    if Path(name).is_dir():
        return PreparedDataset.open(name)
    raise InputError(f"cohort {name}: no such cohort; known are {', '.join(folders) or 'none'}")


def stimulus_pixels(stimulus: Stimulus, supply: Supply) -> UInt8Array:
    """Render an image of which no size in mm is asked."""
    return final_pixels(ready_image(stimulus, supply.protocol, supply.source), supply.protocol, supply.source, None)[0]


def _case(
    stimulus: Stimulus, rendered: tuple[UInt8Array, tuple[float, ...]], source: Source, people_key: bytes
) -> Case:
    """Put the truth of an image beside its pixels.

    people_key: forgotten after the lock. Images of one person are known as such within the study; nobody can find out
    by counting ids who it is, not even with truth.db.
    """
    pixels, pixel_size_mm = rendered
    return Case(
        pixels=pixels,
        voxel_size_mm=tuple(round(value, 4) for value in pixel_size_mm),
        label=source.truth,
        source=source.name,
        disease_class=stimulus.disease_class,
        participant_hash=keyed_hash(stimulus.participant, people_key) if stimulus.participant else None,
        run_sha256=stimulus.run_sha256,
        seed=stimulus.seed,
        detail=stimulus.detail,
        height=stimulus.height,
    )


def _note(finding: Probe, override: str) -> str:
    """What the study's record says of the gate where it did not simply open."""
    if not finding.passed:
        return f"probe overridden: {override.strip()}"
    if finding.real and finding.fake and not finding.judged:
        return (
            f"rendering was not judged: {finding.real} real and {finding.fake} fake images; {FOLDS} of each are needed"
        )
    return ""


def _refusal(finding: Probe, jpeg: Sequence[Mapping[str, Any]]) -> str:
    names = ", ".join(finding.suspects) or "a mixture of features"
    found = "; ".join(jpeg_in_words(jpeg)) if JPEG in finding.suspects else ""
    return (
        f"lock refused: rendering alone distinguishes real from fake (AUC {finding.auc:.2f}, at most "
        f"{finding.limit:.2f} allowed) by {names}" + (f" ({found})" if found else "")
    )


def _advice(finding: Probe) -> str:
    mended = "mend the source"
    if JPEG in finding.suspects:
        mended = "bring images without JPEG, or save all again as JPEG (harmonisation: reencode_jpeg)"
    return f"{mended}, or lock with a recorded reason (--override)"
