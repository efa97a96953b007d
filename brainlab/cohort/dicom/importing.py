"""Import DICOM series into a BIDS dataset: find them by header, stack them by place, and leave out whose they are."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from brainlab.cohort.dicom.headers.frames import Frame, Origin, RefusedFile, frames_of
from brainlab.cohort.dicom.linking import check_linking_table, write_linking_table
from brainlab.cohort.dicom.people import age_of, contradictions, person_name, sex_of, visit_name
from brainlab.cohort.dicom.register import Register
from brainlab.cohort.dicom.sequence_names import (
    INVERSIONS,
    UNKNOWN,
    acquisition_of,
    folder_of,
    inversion_of,
    is_localiser,
    reconstruction_of,
    sequence_of,
)
from brainlab.cohort.dicom.series import Volume, sort_series, without_copies
from brainlab.cohort.dicom.source_files import SourceFiles, source_files
from brainlab.cohort.dicom.writing import add_row, voxels_of, write_dataset_files, write_volume
from brainlab.counted import counted
from brainlab.errors import InputError, UnreadableScanError, naming_path
from brainlab.files.folder_lock import folder_in_use
from brainlab.files.unfinished import mark_finished, mark_unfinished
from brainlab.pseudonyms import read_or_make_key
from brainlab.workspace import pseudonyms_key

Track = Callable[[Iterable[Path], str, int], Iterable[Path]]
"""Passes items on while it shows how far they are: items, what is done with them, how many there are."""
FACES = "faces are not removed; remove them before you share the dataset"


@dataclass
class ImportReport:
    """series: images of this source that the dataset holds now. new: those among them that this import wrote.

    skipped: what was left out, as {path, reason}, paths as the source has them. files: all images of this source, below
    the dataset. sources: for each of these one of its files, as the source has it. warnings: what to know of them, as
    {path, reason}. Of a dry run: what would be.
    """

    series: int = 0
    new: int = 0
    participants: int = 0
    files: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Planned:
    """A volume and the file it goes to, a path without ending below the dataset."""

    volume: Volume
    stem: str
    person: str
    visit: str


def import_dicom(
    source: Path | str,
    out: Path | str,
    *,
    linking_table: Path | str | None = None,
    dry_run: bool = False,
    track: Track = lambda items, what, total: items,
) -> ImportReport:
    """Write the MR series of a folder or zip archive of DICOM files as NIfTI with sidecars into a BIDS dataset.

    out: a new folder, or a BIDS dataset, to which is added; nothing there is replaced. A second import of the same
    series writes nothing, and one that was stopped goes on. People are numbered anew (sub-01, ...), and so are their
    visits, in the order of their days. Names, ids, dates, identifiers, free text and private tags are left out; faces
    are not removed.
    linking_table: a new CSV file outside `out` that says which patient and day became which participant and session.
    dry_run: headers are read, and nothing is written but the workspace's key where it has none, since people are put in
    order by it; pixels that cannot be decoded are found by an import alone.
    Returns what was imported and what was left out, with the reasons; nothing in one file or series ends the import.
    Raises InputError where there is no such source, the archive cannot be unpacked, or `out` is in use, lies in the
    source, or was imported under another workspace's key.
    """
    source, out, table = Path(source), Path(out), None if linking_table is None else Path(linking_table)
    _check_places(source, out)
    check_linking_table(table, out)
    if dry_run:
        with TemporaryDirectory() as scratch, _read_source(source, Path(scratch) / "unpacked") as files:
            return _foreseen(files, Register(out, read_or_make_key(pseudonyms_key())), track)
    out_was_there = out.exists()
    with naming_path(out):
        out.mkdir(parents=True, exist_ok=True)
    try:
        with folder_in_use(out, "brainlab import-dicom"):
            register = Register(out, read_or_make_key(pseudonyms_key()))
            with _read_source(source, out.resolve().with_name(f".{out.resolve().name}.unpacked")) as files:
                report = _import(files, out, register, table, track)
            if not report.files and register.is_new:
                register.remove()
            return report
    finally:
        if not out_was_there and not any(out.iterdir()):
            out.rmdir()


@contextmanager
def _read_source(source: Path, scratch: Path) -> Iterator[SourceFiles]:
    with source_files(source, scratch) as files:
        if not files.paths and not files.skipped:
            raise InputError(f"{source}: holds no files; give a folder of DICOM files, or a zip archive of one")
        yield files


def _check_places(source: Path, out: Path) -> None:
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; give a folder of DICOM files, or a zip archive of one")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: needs a folder for the dataset, got a file; choose another place")
    if out.resolve() == source.resolve() or source.resolve() in out.resolve().parents:
        raise InputError(f"{out}: lies in the source, whose files name patients; choose a place outside {source}")
    if out.is_dir() and any(out.iterdir()) and not _is_dataset(out):
        raise InputError(f"{out}: needs a new folder or a BIDS dataset, got other files; choose another place")


def _is_dataset(folder: Path) -> bool:
    """Whether a folder is a BIDS dataset, or holds only the hidden files of an import that was stopped."""
    named = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    known = ("dataset_description.json", "participants.tsv")
    return not named or any(name in known or name.startswith("sub-") for name in named)


def _import(files: SourceFiles, out: Path, register: Register, table: Path | None, track: Track) -> ImportReport:
    report, planned = _read_and_plan(files, register, track)
    if any(not (out / f"{item.stem}.nii.gz").exists() for item in planned):
        mark_unfinished(out, "brainlab import-dicom")
    if planned:
        register.write()
    if table is not None and planned:
        write_linking_table(table, [(item.person, item.visit, item.volume.first.origin) for item in planned])
    stems = {Path(item.stem): item for item in planned}
    for stem in track(list(stems), "importing", len(stems)):
        _write(stems[stem], out, files, report)
    _count(report)
    if report.files:
        write_dataset_files(out, any(file.endswith(f"_{UNKNOWN}.nii.gz") for file in report.files))
    mark_finished(out)
    return report


def _foreseen(files: SourceFiles, register: Register, track: Track) -> ImportReport:
    """Return what an import would write, without writing anything."""
    report, planned = _read_and_plan(files, register, track)
    for item in planned:
        _note_image(item, files, report)
        report.new += not (register.root / report.files[-1]).exists()
    _count(report)
    return report


def _read_and_plan(files: SourceFiles, register: Register, track: Track) -> tuple[ImportReport, list[_Planned]]:
    """Read all headers, and give each volume its file; what makes none is in the report."""
    report = ImportReport(skipped=list(files.skipped))
    frames, refused = _read(files, track)
    report.skipped += refused
    report.warnings += _contradictions(frames, files)
    planned: list[_Planned] = []
    visits = _by_visit(frames, files, report)
    # People in an order that tells nothing of their ids or days, each one's visits by their days.
    for visit in sorted(visits, key=lambda visit: (register.place(visit[0]), *visit[1:])):
        planned += _plan(visits[visit], files, register, report)
    return report, planned


def _count(report: ImportReport) -> None:
    report.series = len(report.files)
    report.participants = len({file.partition("/")[0] for file in report.files})
    report.skipped.sort(key=lambda note: note["path"])


def _read(files: SourceFiles, track: Track) -> tuple[list[Frame], list[dict[str, str]]]:
    """Return the images of all files, and why others are left out: once for all files of a series with one reason."""
    frames: list[Frame] = []
    refused: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in track(files.paths, "reading headers", len(files.paths)):
        found = frames_of(path)
        if isinstance(found, RefusedFile):
            refused[found.series or str(path), found.reason].append(files.names[path])
        elif found:
            frames += found
    return frames, [_note(names, reason) for (_, reason), names in refused.items()]


def _note(names: list[str], reason: str) -> dict[str, str]:
    return {"path": names[0], "reason": reason if len(names) == 1 else f"{reason} ({len(names)} files)"}


def _contradictions(frames: list[Frame], files: SourceFiles) -> list[dict[str, str]]:
    """Return a line for each person whose headers do not fit each other: an id may stand for several people."""
    people: dict[str, dict[int, Frame]] = defaultdict(dict)
    for frame in frames:
        people[person_name(frame.origin)].setdefault(id(frame.origin), frame)
    notes = []
    for own in people.values():
        if found := contradictions(frame.origin for frame in own.values()):
            words = f"{', '.join(found)} differ under one patient id: taken for one person; give each an id of its own"
            notes.append({"path": files.names[next(iter(own.values())).path], "reason": words})
    return notes


def _by_visit(
    frames: list[Frame], files: SourceFiles, report: ImportReport
) -> dict[tuple[str, str, str], list[Volume]]:
    """Return the volumes of each person and visit, in the order of days and series; note what makes none."""
    series: dict[tuple[str, str], list[Frame]] = defaultdict(list)
    for frame in frames:
        origin = frame.origin
        series[person_name(origin), origin.series or f"{origin.study}\n{origin.series_number:g}"].append(frame)
    visits: dict[tuple[str, str, str], list[Volume]] = defaultdict(list)
    for own in sorted(series.values(), key=lambda own: _order(own[0].origin)):
        single = without_copies(own)
        name = files.names[single[0].path]
        if len(single) < len(own):
            extra = counted(len(own) - len(single), "image")
            report.warnings.append({"path": name, "reason": f"{extra} there twice: each used once"})
        if is_localiser(single[0]):
            report.skipped.append({"path": name, "reason": "a localiser or calibration by its description"})
            continue
        found = sort_series(single)
        report.skipped += [{"path": files.names[frame.path], "reason": reason} for frame, reason in found.refused]
        origin = single[0].origin
        if found.volumes:
            visits[person_name(origin), origin.study_date, visit_name(origin)] += found.volumes
    return visits


def _order(origin: Origin) -> tuple[str, float, str, str]:
    return origin.study_date, origin.series_number, origin.time, origin.series


def _plan(volumes: list[Volume], files: SourceFiles, register: Register, report: ImportReport) -> list[_Planned]:
    """Give the volumes of one visit their files; those that are there under another set of images are noted."""
    planned = []
    hashes = [register.images_hash(f"{frame.uid}\n{frame.number}" for frame in volume.frames) for volume in volumes]
    there = [register.same_image(images) for images in hashes]
    for volume, images, same in zip(volumes, hashes, there, strict=True):
        if same:  # its part may be another one now, since there are more
            register.add_image(_series(volume), volume.part, same["file"], images)
    meant = {same["file"] for same in there if same}
    for volume, images, same in zip(volumes, hashes, there, strict=True):
        series, part = _series(volume), volume.part
        known = same or register.image(series, part)
        if known and not same and known["file"] in meant:
            known = None  # another image had the place of this one among the parts of the series
        if known and known["images"] != images and not (register.root / known["file"]).exists():
            register.forget(known["file"])  # it was deleted, to be imported anew
            known = {**known, "images": images}
        if known is None:
            origin = volume.first.origin
            person = register.person(person_name(origin))
            visit = register.visit(person, visit_name(origin))
            register.add_image(series, part, f"{_stem(volume, person, visit, register)}.nii.gz", images)
            known = register.image(series, part) or {}
        elif known["images"] != images:
            reason = f"was imported from other images of the series as {known['file']}; delete that to import it anew"
            report.skipped.append({"path": files.names[volume.first.path], "reason": reason})
            continue
        else:
            register.add_image(series, part, known["file"], images)
        stem = known["file"].removesuffix(".nii.gz")
        planned.append(_Planned(volume, stem, *stem.split("/")[:2]))
    return planned


def _series(volume: Volume) -> str:
    """Return by what a register knows the series of a volume."""
    return f"{volume.first.origin.study}\n{volume.first.origin.series}"


def _stem(volume: Volume, person: str, visit: str, register: Register) -> str:
    """Return the path of a new image without its ending: the first that no other has."""
    sequence = sequence_of(volume)
    agent = "agent" if volume.first.origin.contrast_agent else ""
    labels = {"acq": acquisition_of(volume, sequence), "ce": agent, "rec": reconstruction_of(volume)}
    entities = [person, visit, *(f"{name}-{label}" for name, label in labels.items() if label)]
    suffix = f"inv-{inversion_of(volume)}_{sequence}" if sequence == INVERSIONS else sequence
    folder, number = f"{person}/{visit}/{folder_of(sequence)}", 1
    while True:
        run = [f"run-{number}"] if number > 1 else []
        stem = f"{folder}/{'_'.join([*entities, *run, suffix])}"
        if not register.is_taken(stem):
            return stem
        number += 1


def _write(item: _Planned, out: Path, files: SourceFiles, report: ImportReport) -> None:
    """Write one volume with its person's row, unless an earlier import did."""
    name, file = files.names[item.volume.first.path], f"{item.stem}.nii.gz"
    if not (out / file).exists():
        origin = item.volume.first.origin
        try:
            voxels = voxels_of(item.volume)
        except UnreadableScanError as error:
            report.skipped.append({"path": name, "reason": error.reason})
            return
        age = age_of(origin)
        cells = {"age": age, "sex": sex_of(origin)}
        add_row(out / "participants.tsv", "participant_id", item.person, cells, ("age", "sex"))
        add_row(out / item.person / f"{item.person}_sessions.tsv", "session_id", item.visit, {"age": age}, ("age",))
        write_volume(out / item.stem, item.volume, voxels)  # last, for an image that is there is taken for done
        report.new += 1
    _note_image(item, files, report)


def _note_image(item: _Planned, files: SourceFiles, report: ImportReport) -> None:
    """Note an image that is in the dataset, and what is to be known of it."""
    name, file = files.names[item.volume.first.path], f"{item.stem}.nii.gz"
    report.files.append(file)
    report.sources[file] = name
    if file.endswith(f"_{UNKNOWN}.nii.gz"):
        report.warnings.append({"path": name, "reason": f"of no known sequence: {file}; rename it if you know it"})
    if len(item.volume.images[0]) == 1:
        report.warnings.append({"path": name, "reason": f"one slice, of the thickness that its header says: {file}"})
