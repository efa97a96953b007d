"""Names of classes as people write them: one spelling for each, and a word about doubtful ones."""

from collections import Counter
from collections.abc import Iterable

from brainlab.counted import counted
from brainlab.files.delimited import DOUBTFUL_WORDS, MISSING_WORDS


def spellings(names: Iterable[str | None]) -> list[Counter[str]]:
    """Group classes that differ by capitals and blanks alone; returns the spellings of those that have several."""
    groups: dict[str, Counter[str]] = {}
    for name in names:
        if name is not None:
            groups.setdefault(" ".join(name.casefold().split()), Counter())[name] += 1
    return [group for group in groups.values() if len(group) > 1]


def one_spelling(names: Iterable[str | None]) -> tuple[dict[str, str], list[str]]:
    """Return {spelling: the most usual one of its class} for those to change, and what to tell the user.

    Of equally usual spellings the first is taken. A class whose name often stands for a missing value (`NA`, `None`) is
    kept, and named: tables write `n/a` for a class that is missing.
    """
    names = list(names)
    changes: dict[str, str] = {}
    notes = []
    for group in spellings(names):
        usual = group.most_common(1)[0][0]
        changes |= {name: usual for name in group if name != usual}
        counts = ", ".join(f"'{name}' ({count})" for name, count in group.most_common())
        notes.append(f"classes {counts} differ only in case or spaces: merged as '{usual}'")
    for name, count in Counter(filter(None, names)).items():
        if name.lower() in MISSING_WORDS | DOUBTFUL_WORDS:
            notes.append(
                f"'{name}' ({counted(count, 'scan')}) is taken as a class; write n/a where the class is not known"
            )
    return changes, notes
