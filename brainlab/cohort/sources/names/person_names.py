"""Who is meant by names that follow no rule: `P01_bl` and `p1_fu` are one person's scans, `P01` and `P02` two people's.

All names of a folder are looked at together, since only the others tell whether `OAS1` in `OAS1_0001` is a person or a
study. Where that stays open, two people are put together rather than one person parted: the first costs a count, the
second lets a test measure memory.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Clue(StrEnum):
    """The part of a name that tells the person."""

    LABEL = "the label sub-"
    SCHEME = "the id of a public dataset"
    WORD = "the number of a patient (subject, case, ...)"
    NUMBER = "the first number"
    SHORTER = "what comes before the visit"
    NOTHING = "the whole name"


@dataclass(frozen=True)
class Person:
    """Whom a name means.

    name: one spelling for all names of the person. session: what the name tells beside the person, if it may be a
    visit. clue: the part that tells the person; `NOTHING` where the name is as good as any other.
    """

    name: str
    session: str | None
    clue: Clue


SUBJECT = re.compile(r"sub-[0-9A-Za-z]+")
SCHEMES = re.compile(
    r"(?<![^\W_])(?:OAS[12]_\d{4}|OAS[34]\d{4}|ADNI_\d{3}_S_\d{4}|\d{3}_S_\d{4}|IXI\d{3}|TCGA-\w\w-\w{4}"
    r"|UPENN-GBM-\d{5}|BraTS-[A-Za-z]+-\d{5}|BraTS\d\d_(?:2013_\d+|TCIA\d*_\d+|[A-Za-z]+_\w+(?=_\d)|[A-Za-z]+_\d+))"
    r"(?![^\W_])",
    re.IGNORECASE,
)
"""Ids of OASIS, ADNI, IXI, TCGA and BraTS; what follows them is a visit or a scan."""
PERSON_WORDS = {"sub", "subj", "subject", "pat", "patient", "pt", "participant", "person", "proband", "volunteer",
                "case", "id"}  # fmt: skip
IMAGE_WORDS = {"scan", "scans", "img", "image", "vol", "volume", "file", "nii", "nifti", "mr", "mri", "brain", "head",
               "series", "exam", "data", "sample", "new", "final", "anon"}  # fmt: skip
"""Words for an image; a number after them counts images."""
GROUP_WORDS = {"ms", "rrms", "spms", "ppms", "cis", "hc", "nc", "cn", "ad", "mci", "pd", "als", "hgg", "lgg", "gbm",
               "asd", "sz", "adhd", "ctrl", "con", "control", "controls", "healthy", "normal", "patients", "cases",
               "train", "training", "test", "testing", "val", "validation", "group", "site", "center", "centre",
               "cohort", "glioma", "meningioma", "pituitary", "tumor", "tumour", "notumor", "yes", "no"}  # fmt: skip
"""Words for many people; a number after them counts people."""
VISIT = re.compile(
    r"(?:bl|baseline|fu|followup|pre|post|preop|postop|test|retest|first|second|third|last"
    r"|(?:mr|mri|scan|exam|visit|session|ses|study|timepoint|time|tp|wave|month|mo|year|yr|week|wk|day|bl|fu|followup)"
    r"\d{1,4}|(?<!\d)\d{1,3}(?:m|mo|months?|w|wks?|weeks?|y|yrs?|years?))",
    re.IGNORECASE,
)
LETTER_VISIT = re.compile(r"[vtmywdsk]\d{1,4}|[a-h]|\d{1,3}", re.IGNORECASE)
"""What is a visit only behind the number of a person: `P01_V2`, `12_a`."""
SHORT_VISIT = re.compile(r"[vtm]\d{1,3}", re.IGNORECASE)
"""What is a visit behind a name that has few of them, and before one that comes again: `anna_V1`, `V1_anna`."""
GLUED_VISIT = re.compile(rf"([^\W\d_]*\d+)({VISIT.pattern}|[vtms]\d{{1,2}}|[a-h])", re.IGNORECASE)
YEAR = re.compile(r"(?:19|20)\d\d")
FIELD_STRENGTH = re.compile(r"(?:\d\.\d|15|\d)T", re.IGNORECASE)
TOKEN = re.compile(rf"\d+(?:\.\d+){{3,}}|(?<!\d){FIELD_STRENGTH.pattern}(?![^\W_])|[^\W_]+", re.IGNORECASE)
"""A UID, a field strength, a word or a number."""
LONG_NUMBER = 3
"""Digits from which a number counts people rather than visits."""
LONGEST_NUMBER = 12
MOST_VISITS = 9
"""Visits and scans that a person may have before what they share is taken for the name of a study or a site."""


def people(names: Iterable[str]) -> dict[str, Person]:
    """Return whom each of all names of a folder means; they are free of words for sequences.

    The person is, in this order: the label `sub-01`; the id of a public dataset; the name up to the number of a
    `patient`, `subject` or the like; up to the first number. The last is a study's or a site's where a longer number
    follows it and it is that of all names, or of more than `MOST_VISITS` on average. Without a number the whole name is
    a person, but `anna_2` is `anna` where there is one, or as many names as numbers. Case, punctuation and zeros before
    a number do not count. A visit may come first where its names come again at another: `V1_anna`, `V2_anna`.
    """
    names = sorted(set(names))
    first = _begin_with_visits(names)
    split = {name: _Split(name, name in first) for name in names}
    _skip_studies([each for each in split.values() if each.clue is Clue.NUMBER])
    _cut_counted_words([each for each in split.values() if each.clue is Clue.NUMBER])
    _cut_short_visits([each for each in split.values() if each.clue is Clue.NUMBER])
    _cut_longer_names(list(split.values()))
    groups: dict[tuple[str, ...], list[_Split]] = defaultdict(list)
    for each in split.values():
        groups[_key(each.head)].append(each)
    found = {}
    for group in groups.values():
        several = len({each.tail for each in group} - {()}) > 1
        for each in group:
            session = "_".join(each.tail) if each.tail and (several or _is_visit(each.tail)) else None
            found[each.name] = Person(group[0].shown, session, each.clue)
    return found


def says_person(name: str) -> bool:
    """Whether a name alone says that it is a person's: `sub-01`, `patient01`, `OAS1_0001`."""
    return _Split(name).clue in (Clue.LABEL, Clue.SCHEME, Clue.WORD)


def visit_beside(name: str, person: str) -> str | None:
    """Return the visit that a file's name tells beside the person, who is known: `p1_a` of `p1`, `time2` of `13`."""
    tokens, known = _tokens(name), _tokens(person)
    same = _key(tokens[: len(known)]) == _key(known)
    rest = tokens[len(known) :] if same else tokens
    return "_".join(rest) if rest and (_is_visit(rest) if same else all(map(VISIT.fullmatch, rest))) else None


def may_name_somebody(name: str) -> bool:
    """Whether a name holds more than words for images, groups and visits, and single letters: `anna`, `P01`."""
    return any(
        len(token) > 1 and not VISIT.fullmatch(token) and token.lower() not in GROUP_WORDS | IMAGE_WORDS
        for token in _tokens(name)
    )


def looks_like_visit(name: str) -> bool:
    """Whether a folder below others is named like a visit: `MR1`, `scan2`, `first`, `v2`."""
    tokens = _tokens(name)
    return bool(tokens) and all(VISIT.fullmatch(token) or re.fullmatch(r"[vVtT]\d\d?", token) for token in tokens)


class _Split:
    """A name in two: tokens of the person (`head`) and of the visit or scan (`tail`)."""

    def __init__(self, name: str, visit_first: bool = False) -> None:
        self.name, self.clue = name, Clue.NOTHING
        label, scheme = SUBJECT.match(name), SCHEMES.search(name)
        if label or scheme:
            end = (label or scheme).end()  # type: ignore[union-attr]
            self.clue = Clue.LABEL if label else Clue.SCHEME
            self.head, self.tail = _tokens(name[:end]), _tokens(name[end:])
            return
        tokens = _tokens(name)
        lead = tokens[: int(visit_first)]
        self.head, visits = _without_visits(tokens[len(lead) :])
        self.tail = lead + visits
        if (end := _after_person_word(self.head)) is not None:
            self.cut(end, Clue.WORD)
            years = tuple(token for token in self.head[:-1] if YEAR.fullmatch(token))
            self.head = (*(token for token in self.head[:-1] if token not in years), self.head[-1])
            self.tail = years + self.tail
        elif (end := _after_number(self.head)) is not None:
            self.cut(end, _clue_of_number(self.head[:end]))

    def cut(self, end: int, clue: Clue) -> None:
        """Let the person be the first `end` tokens."""
        self.tail = self.head[end:] + self.tail
        self.head, self.clue = self.head[:end], clue

    @property
    def shown(self) -> str:
        """Return the person as the name writes it."""
        written = re.search(r"[\W_]*?".join(map(re.escape, self.head)), self.name) if self.head else None
        return written[0] if written else "_".join(self.head) or self.name


def _tokens(name: str) -> tuple[str, ...]:
    """Split a name into words and numbers: `P01V2` -> P01, V2 and `12a` -> 12, a, but no `0cc175b9c0`."""
    tokens: list[str] = []
    for token in TOKEN.findall(name):
        if FIELD_STRENGTH.fullmatch(token):
            continue
        glued = GLUED_VISIT.fullmatch(token)
        tokens += glued.groups() if glued else [token]
    return tuple(tokens)


def _key(tokens: Sequence[str]) -> tuple[str, ...]:
    """Return tokens without case, punctuation and zeros before a number."""
    runs = re.findall(r"\d+|[^\W\d_]+", " ".join(tokens).casefold())
    return tuple(run.lstrip("0") or "0" if run.isdecimal() else run for run in runs)


def _has_number(token: str) -> bool:
    return any(letter.isdecimal() for letter in token)


def _is_visit(tokens: Sequence[str]) -> bool:
    return all(VISIT.fullmatch(token) or LETTER_VISIT.fullmatch(token) or YEAR.fullmatch(token) for token in tokens)


def _without_visits(tokens: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take the words for visits out, where something is left that may name a person."""
    kept: list[str] = []
    visits: list[str] = []
    for place, token in enumerate(tokens):
        others = [word for word in (*tokens[:place], *tokens[place + 1 :]) if not VISIT.fullmatch(word)]
        named = any(_has_number(word) for word in others) or any(
            word.lower() not in GROUP_WORDS | IMAGE_WORDS for word in others
        )
        before = [word for word in tokens[:place] if _has_number(word)]
        sure = VISIT.fullmatch(token) and (place or any(_long(word) for word in others))
        behind = before and LETTER_VISIT.fullmatch(token) and not token.isdecimal()
        (visits if named and (sure or behind) else kept).append(token)
    return tuple(kept), tuple(visits)


def _begin_with_visits(names: Sequence[str]) -> set[str]:
    """Return the names that begin with a visit, since what follows comes again without it or behind another."""
    visits: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    leads: dict[str, tuple[str, ...]] = {}
    for name in names:
        tokens = _tokens(name)
        visits[_key(tokens)].add(())
        rest = " ".join(tokens[1:])
        if rest and may_name_somebody(rest) and (VISIT.fullmatch(tokens[0]) or SHORT_VISIT.fullmatch(tokens[0])):
            leads[name] = _key(tokens[:1])
            visits[_key(tokens[1:])].add(leads[name])
    sure = {lead for several in visits.values() if len(several) > 1 for lead in several}
    return {name for name, lead in leads.items() if lead in sure}


def _long(token: str) -> bool:
    return sum(map(str.isdecimal, token)) > 1


def _after_person_word(tokens: Sequence[str]) -> int | None:
    """Return where a person's word and number end: `patient_12`, `P01`, `case A`."""
    for place, token in enumerate(tokens):
        attached = re.fullmatch(r"([^\W\d_]+)\d+", token)
        if attached and attached[1].lower() in PERSON_WORDS | {"p"}:
            return place + 1
        following = tokens[place + 1] if place + 1 < len(tokens) else ""
        if token.lower() in PERSON_WORDS and (_has_number(following) or len(following) == 1):
            return place + 2
    return None


def _after_number(tokens: Sequence[str], start: int = 0) -> int | None:
    """Return where the first number from `start` on ends; a year is none where something else can be."""
    for place in range(start, len(tokens)):
        if not _has_number(tokens[place]):
            continue
        later = any(map(_has_number, tokens[place + 1 :]))
        if YEAR.fullmatch(tokens[place]):
            if place and not all(word.lower() in GROUP_WORDS | IMAGE_WORDS for word in tokens[:place]):
                return place
            if later:
                continue
        return place + 1
    return None


def _clue_of_number(head: Sequence[str]) -> Clue:
    """Return what a name up to its number tells: nothing, where that counts images or is a hash, a UID or a time."""
    number = head[-1]
    if not _has_number(number):
        return Clue.SHORTER
    words = [word for word in re.findall(r"[^\W\d_]+", " ".join(head).lower()) if len(word) > 1]
    changes = len(re.findall(r"\d+|\D+", number))
    counts_images = bool(words) and all(word in IMAGE_WORDS for word in words)
    return Clue.NOTHING if counts_images or changes > 3 or len(number) >= LONGEST_NUMBER else Clue.NUMBER


def _skip_studies(names: Sequence[_Split]) -> None:
    """Move on to the next number where the first is that of a study or a site, until none is."""
    for _ in range(3):
        heads = {_key(each.head) for each in names}
        lettered = any(letter.isalpha() for each in names for token in each.head for letter in token)
        if not heads or not ((len(heads) == 1 and lettered) or len(names) > MOST_VISITS * len(heads)):
            return
        for each in names:
            tokens = (*each.head, *each.tail)
            end = _after_number(tokens, len(each.head))
            if end is not None and tokens[end - 1].isdecimal() and len(tokens[end - 1]) >= LONG_NUMBER:
                each.head, each.tail = tokens[:end], tokens[end:]


def _cut_counted_words(names: Sequence[_Split]) -> None:
    """Let a word before a small number be the person where there are as many words as numbers: `anna_1`, `bert_2`."""
    counted: dict[_Split, tuple[tuple[str, ...], str]] = {}
    for each in names:
        words, number = each.head[:-1], each.head[-1]
        if re.fullmatch(r"[^\W\d_]?\d{1,2}", number) and any(w.lower() not in GROUP_WORDS | IMAGE_WORDS for w in words):
            counted[each] = _key(words), number.casefold()
    words_, numbers = {words for words, _ in counted.values()}, {number for _, number in counted.values()}
    if len(words_) >= max(2, len(numbers)):
        for each in counted:
            each.cut(len(each.head) - 1, Clue.SHORTER)


def _cut_short_visits(names: Sequence[_Split]) -> None:
    """Let a name before `V1`, `V2` be the person where it has no more than `MOST_VISITS` of them."""
    groups: dict[tuple[str, ...], list[_Split]] = defaultdict(list)
    for each in names:
        if SHORT_VISIT.fullmatch(each.head[-1]) and may_name_somebody(" ".join(each.head[:-1])):
            groups[_key(each.head[:-1])].append(each)
    for group in groups.values():
        if len({_key(each.head) for each in group}) <= MOST_VISITS:
            for each in group:
                each.cut(len(each.head) - 1, Clue.SHORTER)


def _cut_longer_names(names: Sequence[_Split]) -> None:
    """Let a name that begins with another whole one be that person: `anna_2` of `anna`."""
    whole = {_key(each.head) for each in names}
    for each in names:
        for end in range(1, len(each.head)):
            plain = [word.lower() for word in each.head[:end]]
            if _key(each.head[:end]) in whole and not all(word in GROUP_WORDS | IMAGE_WORDS for word in plain):
                each.cut(end, Clue.SHORTER)
                break
