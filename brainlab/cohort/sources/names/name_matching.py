"""Which name in a table means which person or visit, where tables write names a little differently than folders.

`1`, `001`, `sub01` or `S01` for `sub-01`: a name is matched where it can mean one thing only.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PERSON_WORDS = ("sub", "subject")
SESSION_WORDS = ("ses", "session")
INITIALS = ("s", "p", "id", "subj", "participant", "patient", "v", "t", "tp", "visit", "timepoint", "wave")
"""What is often written before the number of a person or a visit."""


@dataclass(frozen=True)
class Matches:
    """What of a table means what: wanted name to the table's own names for it; and where that was a guess."""

    names: dict[str, tuple[str, ...]]
    guessed: dict[str, str]


def match(wanted: Iterable[str], given: Iterable[str], words: Sequence[str]) -> Matches:
    """Find which of the names `given` in a table means each `wanted` one.

    words: prefixes without meaning, the first as BIDS writes it: `01` is `sub-01`. Failing that, a name is taken for
    the one that differs by case, prefix, punctuation, padding with zeros or an initial before a number (`S01`), if it
    fits no other name wanted, and no other name given fits this one.
    """
    wanted, given = list(dict.fromkeys(wanted)), list(dict.fromkeys(given))
    known = set(given)
    exact = {name: tuple({name, name.removeprefix(f"{words[0]}-")} & known) for name in wanted}
    spare = known - {each for names in exact.values() for each in names}
    alike: dict[tuple[str, str], set[str]] = {}
    for each in spare:
        for key in _keys(each, words):
            alike.setdefault(key, set()).add(each)
    fits = {name: set().union(*(alike.get(key, ()) for key in _keys(name, words, seeking=True))) for name in wanted}
    uses = Counter(each for candidates in fits.values() for each in candidates)
    guessed = {
        name: next(iter(fits[name]))
        for name in wanted
        if not exact[name] and len(fits[name]) == 1 and uses[next(iter(fits[name]))] == 1
    }
    names = {name: exact[name] or ((guessed[name],) if name in guessed else ()) for name in wanted}
    return Matches(names, guessed)


def _keys(name: str, words: Sequence[str], seeking: bool = False) -> set[tuple[str, str]]:
    """Return what a name can be found by, or (`seeking`) what it looks for: `1` looks for `s1`, and `s1` for `1`."""
    plain = _plain(name, words)
    number = re.sub(rf"^(?:{'|'.join(INITIALS)})(?=\d+$)", "", plain)
    keys = {("same", plain)}
    if number.isdigit():
        keys.add(("bare" if (number == plain) != seeking else "with initial", number))
    return keys


def _plain(name: str, words: Sequence[str]) -> str:
    """Return a name without case, prefix, punctuation and padding: `Sub_01`, `01`, `1.0` and `1` are `1`."""
    bare = re.sub(rf"^(?:{'|'.join(sorted(words, key=len, reverse=True))})(?=[-_ \d])[-_ ]*", "", name.casefold())
    bare = re.sub(r"[^\w]|_", "", re.sub(r"^(\d+)\.0+$", r"\1", bare))
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0") or "0", bare)
