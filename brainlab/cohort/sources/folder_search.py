"""Search a folder for the scans that a recipe prepares, and say what is passed over and who was taken for a person."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.bids import SEQUENCES, entities, find_root
from brainlab.cohort.sources.image_files import ImageFiles, Note, file_stem, find_images, matches, without_twins
from brainlab.cohort.sources.people_notes import people_notes
from brainlab.cohort.sources.scan_choice import Candidate, bids_rank, choose, nothing_chosen
from brainlab.cohort.sources.scan_names import PHASE, take_apart
from brainlab.cohort.sources.scan_places import ScanPlace, scan_places
from brainlab.errors import InputError
from brainlab.volume import FILE_ENDINGS

_BIDS_SEQUENCES = {suffix.lower(): suffix for suffix in SEQUENCES}


class FolderSearch:
    """One search below a folder: which images belong to a BIDS dataset, and what the paths of the others tell.

    class_folders: the folders right below `base` are classes, and nobody's name.
    """

    def __init__(self, base: Path, class_folders: bool = False) -> None:
        self.base = base
        self.class_folders = class_folders
        self._roots: dict[Path, Path | None] = {}
        self._places: dict[Path, ScanPlace] = {}

    def scans(self, recipe: PreparationRecipe, include: str | None, nameless: str) -> tuple[list[Path], list[Note]]:
        """Return the images to prepare and what the user should know of the search.

        include: a pattern; everything that matches is taken. nameless: see `guess_places`.
        Raises InputError when there is nothing to prepare.
        """
        found = find_images(self.base)
        files = [path for path in found.paths if include is None or matches(path.relative_to(self.base), include)]
        if not files:
            raise InputError(f"{self.base}: {_nothing_found(found, include)}")
        files, twins = without_twins(files, self.base)
        if not files:
            raise InputError(f"{self.base}: no image is left to prepare; {twins[0]['path']}: {twins[0]['reason']}")
        notes = found.notes + twins
        self.guess_places(files, nameless)
        if include is None:
            candidates = [self._candidate(path) for path in files]
            choice = choose(candidates, recipe)
            if not choice.taken:
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
        free = {self._relative(path): path for path in paths if self.bids_root(path) is None}
        guessed = scan_places(free, nameless, self.class_folders)
        self._places = {free[relative]: place for relative, place in guessed.items()}

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
        return PurePosixPath(path.relative_to(self.base) if path.is_relative_to(self.base) else path)

    def _candidate(self, path: Path) -> Candidate:
        """Describe an image for the choice."""
        relative = path.relative_to(self.base).as_posix()
        root = self.root(path.parent)
        if path in self._places:
            place = self._places[path]
            strict = root is not None and _says_bids(root)
            return Candidate(
                path,
                relative,
                visit=(f"{root}/{place.participant}", place.session, place.name.rest),
                sequence=place.name.sequence,
                word=place.name.word,
                rank=(len(place.name.copies),),
                regular=place.name.sequence is not None or not strict,
            )
        named, guess = entities(path.name), take_apart(file_stem(path.name))
        sequence = _BIDS_SEQUENCES.get(named["suffix"].lower())
        if named.get("part", "mag") != "mag":  # phase, or the real or imaginary part: no image of a head
            sequence = PHASE
        return Candidate(
            path,
            relative,
            visit=(f"{root}/sub-{named['sub']}", f"ses-{named['ses']}" if "ses" in named else None, ""),
            sequence=sequence or guess.sequence or named["suffix"],
            word=named["suffix"] if sequence else guess.word or named["suffix"],
            rank=bids_rank(named),
            regular=sequence is not None,
        )


def _says_bids(root: Path) -> bool:
    return (root / "dataset_description.json").is_file() or (root / "participants.tsv").is_file()


def _nothing_found(found: ImageFiles, include: str | None) -> str:
    """Say why a folder holds nothing to prepare, and what it holds instead."""
    if found.paths:
        example = found.paths[0].name
        return f"no image that matches '{include}' among {len(found.paths)}, such as {example}; change --include"
    reasons = [f"{note['path']}: {note['reason']}" for note in found.notes[:1]]
    if found.passed_over:
        reasons.append(f"{', '.join(found.passed_over)}: not searched; give it as the source if it is meant")
    if found.foreign:
        kinds = ", ".join(f"{count} {ending}" for ending, count in sorted(found.foreign.items()))
        reasons.append(f"it holds {kinds}: unpack or convert them to NIfTI")
    what = "; ".join(reasons) or "name a folder that holds scans"
    return f"no image ({', '.join(FILE_ENDINGS)}) found; {what}"
