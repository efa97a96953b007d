"""Search a folder for the scans that a recipe prepares, and say what is passed over and who was taken for a person."""

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from brainlab.cohort.intensity import sequence_key
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.bids import entities, find_root, says_bids, sequence
from brainlab.cohort.sources.freesurfer import FreeSurferSubjects
from brainlab.cohort.sources.image_files import (
    DICOM,
    FOREIGN_ENDINGS,
    LEFT_OUT,
    ImageFiles,
    Note,
    file_stem,
    find_images,
    matches,
    without_twins,
)
from brainlab.cohort.sources.names.people_notes import people_notes
from brainlab.cohort.sources.names.scan_names import DIXON, PHASE, take_apart
from brainlab.cohort.sources.names.scan_places import ScanPlace, scan_places
from brainlab.cohort.sources.names.slice_names import without_slice_numbers
from brainlab.cohort.sources.scan_choice import Candidate, bids_rank, choose, every_scan, nothing_chosen
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.images.formats.scan_file import FILE_ENDINGS

IMPORTED = "'brainlab import-dicom', or an upload on the page Cohort, makes scans of them"


class FolderSearch:
    """One search below a folder: which images belong to a BIDS dataset, and what the paths of the others tell.

    class_folders: the folders right below `base` are classes, and nobody's name. pictures: pictures of slices are
    searched, and no scans.
    """

    def __init__(self, base: Path, class_folders: bool = False, pictures: bool = False) -> None:
        self.base = base
        self.class_folders = class_folders
        self.pictures = pictures
        self.slice_numbers: dict[Path, int] = {}
        self._roots: dict[Path, Path | None] = {}
        self._freesurfer = FreeSurferSubjects()
        self._places: dict[Path, ScanPlace] = {}

    def scans(
        self, recipe: PreparationRecipe | None, include: str | None, nameless: str
    ) -> tuple[list[Path], list[Note]]:
        """Return the images to prepare and what the user should know of the search.

        recipe: without one every scan is taken. include: a pattern; everything that matches is taken. nameless: see
        `guess_places`.
        Raises InputError when there is nothing to prepare.
        """
        found = find_images(self.base, PICTURE_ENDINGS if self.pictures else FILE_ENDINGS)
        files = [path for path in found.paths if include is None or matches(path.relative_to(self.base), include)]
        if not files:
            raise InputError(f"{self.base}: {_nothing_found(found, include, self.pictures)}")
        if self.pictures:
            self.guess_places(files, nameless)
            return files, found.notes + _others(found) + self.people_notes(files)
        files, twins = without_twins(files, self.base)
        if not files:
            raise InputError(f"{self.base}: no image is left to prepare; {twins[0]['path']}: {twins[0]['reason']}")
        notes = found.notes + twins + _dicom_files(found)
        self.guess_places(files, nameless)
        if include is None:
            free = recipe is not None and recipe.free
            asked = {sequence_key(name): name for name in recipe.modalities} if recipe and free else {}
            candidates = [self._candidate(path, asked) for path in files]
            choice = every_scan(candidates) if recipe is None else choose(candidates, recipe)
            if not choice.taken and recipe is not None:
                raise InputError(f"{self.base}: {nothing_chosen(candidates, recipe)}")
            notes += choice.notes
            files = [image.path for image in choice.taken]
        return files, notes + self.people_notes(files)

    def root(self, folder: Path) -> Path | None:
        """Return the BIDS dataset that a folder lies in."""
        if folder not in self._roots:
            self._roots[folder] = find_root(folder, self.base)
        return self._roots[folder]

    def bids_root(self, path: Path) -> Path | None:
        """Return the BIDS dataset that an image belongs to, if its name is a BIDS name."""
        return self.root(path.parent) if "sub" in entities(path.name) else None

    def guess_places(self, paths: Iterable[Path], nameless: str) -> None:
        """Guess whose images lie outside BIDS; the paths of all are needed to tell people's folders from visits'.

        nameless: the person of images whose path names nobody.
        """
        free = {path: self._relative(path) for path in paths if self.bids_root(path) is None}
        if self.pictures:
            named = without_slice_numbers(free.values())
            numbers = {path: named[relative][1] for path, relative in free.items()}
            self.slice_numbers = {path: number for path, number in numbers.items() if number is not None}
            free = {path: named[relative][0] for path, relative in free.items()}
        guessed = scan_places(list(dict.fromkeys(free.values())), nameless, self.class_folders)
        self._places = {path: guessed[relative] for path, relative in free.items()}

    def place(self, path: Path) -> ScanPlace:
        """Return what the path of an image outside BIDS is taken to tell."""
        if path not in self._places:  # a file that a table names, which may lie anywhere
            relative = self._relative(path)
            self._places |= {path: scan_places([relative], file_stem(path.name))[relative]}
        return self._places[path]

    def people_notes(self, paths: Iterable[Path]) -> list[Note]:
        """Return what the user should know of the people guessed for images outside BIDS."""
        return people_notes([self._places[path] for path in paths if path in self._places], self.class_folders)

    def _relative(self, path: Path) -> PurePosixPath:
        """Return the path as names are read; letters with accents are one sign, however the disk spells them."""
        relative = PurePosixPath((path.relative_to(self.base) if path.is_relative_to(self.base) else path).as_posix())
        if (image := self._freesurfer.image(path)) is not None:  # named after its kind, whoever it shows
            relative = image.stands_for(self.base)
        return PurePosixPath(unicodedata.normalize("NFC", str(relative)))

    def _candidate(self, path: Path, asked: Mapping[str, str]) -> Candidate:
        """Describe an image for the choice. asked: by key, names of sequences that count although they are not known.

        They are the suffixes of BIDS names: the user says which mean an image.
        """
        relative = path.relative_to(self.base).as_posix()
        root = self.root(path.parent)
        if (image := self._freesurfer.image(path)) is not None:
            place = self.place(path)
            visit = (f"{root}/{place.participant}", place.session, "")
            return Candidate(path, relative, visit, image.sequence, path.name, (image.rank,))
        named = entities(path.name)
        opposite = named.get("rec") in ("fat", "opposed")  # as 'import-dicom' calls them
        if path in self._places:
            place = self._places[path]
            told = DIXON if opposite else place.name.sequence
            strict = root is not None and says_bids(root)
            return Candidate(
                path,
                relative,
                visit=(f"{root}/{place.participant}", place.session, place.name.rest),
                sequence=asked.get(sequence_key(told or ""), told),
                word=place.name.word,
                rank=(len(place.name.copies),),
                regular=place.name.sequence is not None or not strict,
            )
        guess = take_apart(file_stem(path.name))
        told = sequence(named)
        told = asked.get(sequence_key(told or named["suffix"]), told)
        if named.get("part", "mag") != "mag":  # phase, or the real or imaginary part: no image of a head
            told = PHASE
        elif opposite:
            told = DIXON
        return Candidate(
            path,
            relative,
            visit=(f"{root}/sub-{named['sub']}", f"ses-{named['ses']}" if "ses" in named else None, ""),
            sequence=told or guess.sequence or named["suffix"],
            word=named["suffix"] if told else guess.word or named["suffix"],
            rank=bids_rank(named),
            regular=told is not None,
        )


def _others(found: ImageFiles) -> list[Note]:
    """Note the files beside pictures that are none."""
    kinds = ", ".join(f"{count} {ending}" for ending, count in sorted(found.foreign.items()))
    return [{"path": ".", "reason": f"{LEFT_OUT}{kinds}: no pictures"}] if kinds else []


def _dicom_files(found: ImageFiles) -> list[Note]:
    """Note the DICOM files beside scans."""
    count = found.foreign[DICOM]
    return [{"path": ".", "reason": f"{LEFT_OUT}{counted(count, 'DICOM file')}: {IMPORTED}"}] if count else []


def _nothing_found(found: ImageFiles, include: str | None, pictures: bool) -> str:
    """Say why a folder holds nothing to prepare, and what it holds instead."""
    if found.paths:
        example = found.paths[0].name
        return f"no image that matches '{include}' among {len(found.paths)}, such as {example}; change --include"
    reasons = [f"{note['path']}: {note['reason']}" for note in found.notes[:1]]
    if found.passed_over:
        reasons.append(f"{', '.join(found.passed_over)}: not searched; give it as the source if it is meant")
    for endings, advice in _advice(pictures):
        if kinds := ", ".join(
            f"{n} {end}" for end, n in sorted(found.foreign.items()) if endings is None or end in endings
        ):
            reasons.append(f"it holds {kinds}: {advice}")
    what = "; ".join(reasons) or "name a folder that holds scans"
    return f"no image ({', '.join(PICTURE_ENDINGS if pictures else FILE_ENDINGS)}) found; {what}"


def _advice(pictures: bool) -> list[tuple[tuple[str, ...] | None, str]]:
    """Return what to do about files of which endings; None for all."""
    if pictures:
        return [(None, "scans need a recipe for scans, other pictures another format")]
    packed = tuple(ending for ending in FOREIGN_ENDINGS if ending not in PICTURE_ENDINGS)
    return [
        ((DICOM,), IMPORTED),
        (packed, "unpack them, or give those of DICOM files to 'brainlab import-dicom'"),
        (PICTURE_ENDINGS, "pictures need a recipe such as slices-128"),
    ]
