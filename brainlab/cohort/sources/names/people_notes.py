"""Say who was taken for a person where only names tell it, and where that may be wrong."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from brainlab.cohort.sources.image_files import Note
from brainlab.cohort.sources.names.person_names import Clue, looks_like_visit
from brainlab.cohort.sources.names.scan_names import take_apart
from brainlab.cohort.sources.names.scan_places import ScanPlace
from brainlab.counted import counted

SURE = (Clue.LABEL, Clue.SCHEME, Clue.WORD)
MOST_SCANS = 512
"""One person has hardly more scans, or one scan slices."""


def people_notes(places: Sequence[ScanPlace], class_folders: bool = False) -> list[Note]:
    """Return what the user should know of people that were guessed, one line each; `--table` decides otherwise."""
    if not places:
        return []
    scans = Counter(place.participant for place in places)
    ways = sorted({_way(place) for place in places})
    reason = f"{counted(len(scans), 'person', 'people')} guessed from {counted(len(places), 'file')}"
    reason += f" by {' and by '.join(ways)} ({_some(sorted(scans))})"
    groups = sorted({place.class_folder for place in places if place.class_folder})
    if groups and not class_folders:
        reason += f"; the folders above them ({_some(groups)}) are not taken for classes (--class-folders does that)"
    notes = [{"path": ".", "reason": f"{reason}; --table decides otherwise"}]
    unclear = sorted(
        place.participant for place in places if place.clue is Clue.NOTHING and scans[place.participant] == 1
    )
    if unclear and len(places) > 1:
        reason = (
            f"nothing in {counted(len(unclear), 'name')} ({_some(unclear)}) tells whose scan it is: a person "
            "each; where two are of one person, --table must say so, or training and test may share that person"
        )
        notes.append({"path": ".", "reason": reason})
    notes += [
        {
            "path": ".",
            "reason": f"{count} files are taken for one person, {name}; if they are several, give --table",
        }
        for name, count in sorted(scans.items())
        if count > MOST_SCANS
    ]
    return notes + _several_scans(places)


def _several_scans(places: Sequence[ScanPlace]) -> list[Note]:
    """Note folders that are taken for one person though their files might be several people's."""
    names: dict[str, set[str]] = defaultdict(set)
    for place in places:
        if place.folder is not None and place.clue not in SURE and not _is_visit(place.session):
            names[place.folder].add(place.session or place.name.rest)
    return [
        {
            "path": folder,
            "reason": f"taken for one person with several scans ({_some(sorted(rests))}); if these are several people, "
            "give --class-folders where the folder is a class, or --table to map files to people",
        }
        for folder, rests in sorted(names.items())
        if len(rests) > 1
    ]


def _way(place: ScanPlace) -> str:
    name = f"{'file' if place.folder is None else 'folder'} name"
    return f"the whole {name}" if place.clue is Clue.NOTHING else f"{place.clue} in the {name}"


def _is_visit(session: str | None) -> bool:
    return session is not None and (looks_like_visit(session) or not take_apart(session).rest)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
