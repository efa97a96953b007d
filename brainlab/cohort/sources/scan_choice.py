"""Choose which images of a folder a recipe prepares: its own sequence, and one version of it a person and visit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.bids import SEQUENCES
from brainlab.cohort.sources.image_files import LEFT_OUT, Note
from brainlab.cohort.sources.names.scan_names import DIXON, MASK, PHASE, SEQUENCE_WORDS
from brainlab.counted import counted, noun

SHOWN = {*SEQUENCES, *SEQUENCE_WORDS, DIXON} - {MASK, PHASE}
"""Sequences of images that show a head."""
RULE = "native space before others, unprocessed before processed, then the first run and name"
UNTOLD = "whose names tell no sequence"
BIDS_VERSIONS = ("space", "part", "desc", "rec", "ce", "res", "mod")
"""Entities of images made from another one, or taken with something changed; an image without them comes first."""
BIDS_COUNTERS = ("run", "echo", "chunk", "inv", "flip", "split")


@dataclass(frozen=True)
class Candidate:
    """An image and what its name tells.

    relative: path as the user sees it. visit: whose image it is, and when; of the images with one visit and sequence
    the first in the order of `rank` is taken. sequence: None where the name tells none. word: the word that tells it.
    regular: False for an image of a BIDS dataset whose name is no BIDS name, though it may tell a sequence.
    """

    path: Path
    relative: str
    visit: tuple[str | None, ...]
    sequence: str | None
    word: str
    rank: tuple[int, ...] = ()
    regular: bool = True


@dataclass(frozen=True)
class Choice:
    """The images to prepare, and why others are not."""

    taken: list[Candidate]
    notes: list[Note]


def bids_rank(entities: Mapping[str, str]) -> tuple[int, ...]:
    """Order the versions of one BIDS image: `RULE`."""
    versions = [name for name in BIDS_VERSIONS if name in entities and (name, entities[name]) != ("part", "mag")]
    counters = (_number(entities.get(name, "0")) for name in BIDS_COUNTERS)
    return (int("space" in versions), len(versions), *counters)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def choose(candidates: Sequence[Candidate], recipe: PreparationRecipe) -> Choice:
    """Keep the images of the recipe's sequences, one version of each visit, with a note for the others.

    Where no name of a visit tells the recipe's sequence, images whose names tell none are taken for it, but not where a
    recipe is for several; an image of a BIDS dataset must say it by its suffix. A folder of one other sequence alone is
    taken, which the caller has to note; several are not mixed, and sequences that a user named are meant.
    """
    wanted = [image for image in candidates if image.regular and image.sequence in recipe.modalities]
    if not recipe.free and not any(
        image.sequence is None or image.sequence in recipe.modalities for image in candidates
    ):
        others = [image for image in candidates if image.regular and image.sequence in SEQUENCES]
        wanted = others if len({image.sequence for image in others}) == 1 else []
    visits = {image.visit[:2] for image in wanted}
    untold = [
        image
        for image in candidates
        if not recipe.several and image.regular and image.sequence is None and image.visit[:2] not in visits
    ]
    notes: list[Note] = []
    taken = _one_a_visit([*wanted, *untold], notes)
    kept = {image.relative for image in (*wanted, *untold)}
    others = [image for image in candidates if image.relative not in kept]
    for image in others:
        if not image.regular and image.sequence in recipe.modalities:
            notes.append({"path": image.relative, "reason": LEFT_OUT + offer(image)})
    rest = [image for image in others if image.regular or image.sequence not in recipe.modalities]
    if rest:
        reason = f"{LEFT_OUT}{count_by_sequence(rest)}; {recipe.name} is for {', '.join(recipe.modalities)}"
        notes.append({"path": ".", "reason": f"{reason} (take others with --include)"})
    if untold:
        sequence = " or ".join(recipe.modalities)
        whose = f"{counted(len(untold), 'scan')} {UNTOLD} {noun(len(untold), 'is', 'are')} taken for {sequence}"
        notes.append({"path": ".", "reason": f"{whose}, such as {untold[0].relative}"})
    order = {image.relative: number for number, image in enumerate(candidates)}
    return Choice(sorted(taken, key=lambda image: order[image.relative]), notes)


def every_scan(candidates: Sequence[Candidate]) -> Choice:
    """Keep each image that shows a head, in all its versions, and count others: masks, phases, series of function."""
    taken = [image for image in candidates if image.sequence is None or (image.regular and image.sequence in SHOWN)]
    kept = {image.relative for image in taken}
    rest = [image for image in candidates if image.relative not in kept]
    return Choice(taken, [{"path": ".", "reason": f"{LEFT_OUT}{count_by_sequence(rest)}: no scans"}] if rest else [])


def _one_a_visit(images: Iterable[Candidate], notes: list[Note]) -> list[Candidate]:
    """Keep the first version of each visit and sequence."""
    groups: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for image in images:
        groups[(*image.visit, image.sequence)].append(image)
    taken = []
    for group in groups.values():
        first, *others = sorted(group, key=lambda image: (image.rank, image.relative))
        taken.append(first)
        for other in others:
            reason = f"{LEFT_OUT}{first.relative} is taken for this visit; {RULE} (--include takes all)"
            notes.append({"path": other.relative, "reason": reason})
    return taken


def offer(image: Candidate) -> str:
    """Say how an image whose name is a little off can be taken."""
    return (
        f"'{image.word}' looks like {image.sequence}, but its name does not end in _{image.sequence} as in BIDS; "
        f"rename it, or take it with --include '*{image.path.name}'"
    )


def count_by_sequence(images: Iterable[Candidate]) -> str:
    """Count images by what their names tell: `3 T1w (such as p0/p0_t1.nii), 2 mask (such as ...)`."""
    groups: dict[str, list[str]] = defaultdict(list)
    for image in images:
        groups[image.sequence or UNTOLD].append(image.relative)
    return ", ".join(f"{len(names)} {sequence} (such as {names[0]})" for sequence, names in sorted(groups.items()))


def nothing_chosen(candidates: Sequence[Candidate], recipe: PreparationRecipe) -> str:
    """Say what there is where a recipe finds no image of its own, and how to ask for it."""
    sequence = " or ".join(recipe.modalities)
    for image in candidates:
        if not image.regular and image.sequence in recipe.modalities:
            return f"no {sequence} with a BIDS name; {image.relative}: {offer(image)}"
    first = candidates[0]
    if recipe.free:
        return (
            f"no {sequence} among {counted(len(candidates), 'image')}: {count_by_sequence(candidates)}; name sequences "
            "that are there with --modalities, as the names of the files end"
        )
    return (
        f"no {sequence}, which {recipe.name} is for, among {counted(len(candidates), 'image')}: "
        f"{count_by_sequence(candidates)}; "
        f"to prepare others all the same, ask for them, such as --include '*{first.word or first.path.name}*'"
    )
