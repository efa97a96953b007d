"""Fonts for names and titles in any script, in the PDF and in charts.

DejaVu Sans, which comes with matplotlib, holds Latin, Greek, Cyrillic, Arabic and more. What it lacks is looked for in
a font for Japanese and one for Devanagari, which come as packages, and then in the fonts of this machine. A sign that
no font has is written as its Unicode number, never as an empty box.
"""

import logging
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import matplotlib
from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
REGULAR, BOLD = DEJAVU / "DejaVuSans.ttf", DEJAVU / "DejaVuSans-Bold.ttf"

PACKAGED = (
    ("matplotlib_fontja", "fonts/ipaexg.ttf"),
    ("fontpkg_noto_sans_devanagari", "files/NotoSansDevanagari[wdth,wght].ttf"),
)
"""Package and file of IPAexGothic (IPA Font License) and Noto Sans Devanagari (SIL Open Font License)."""

LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


def fallback_fonts(text: str) -> list[Path]:
    """Return the fonts that have the signs of a text which DejaVu Sans lacks, as few as there are needed."""
    missing = {sign for sign in text if _shows(sign) and ord(sign) not in _signs_of_dejavu()}
    found = []
    for files in (_packaged, _of_this_machine):
        for path in files() if missing else ():
            if here := {sign for sign in missing if ord(sign) in _signs_of(path)}:
                found.append(path)
                missing -= here
    return found


def without_a_font(text: str) -> str:
    """Return the signs of a text that no font has, each once."""
    known = _signs_of_dejavu().union(*map(_signs_of, fallback_fonts(text)))
    return "".join(sign for sign in dict.fromkeys(text) if _shows(sign) and ord(sign) not in known)


def legible(text: str) -> str:
    """Return a text in which the signs that no font has are written as [U+5F20]."""
    unknown = "" if text.isascii() else without_a_font(text)
    return text.translate({ord(sign): f"[U+{ord(sign):04X}]" for sign in unknown})


def needs_shaping(text: str) -> bool:
    """Whether a text has signs that run from right to left, or whose form or place depends on their neighbours."""
    return any(
        unicodedata.bidirectional(sign) in ("R", "AL") or unicodedata.category(sign) in ("Mn", "Mc") for sign in text
    )


def letters_wide(text: str) -> int:
    """Return how many Latin letters are about as wide as a text: Chinese and Japanese signs count twice."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def chart_families(texts: Iterable[str]) -> list[str]:
    """Return the names by which matplotlib knows the fonts of texts, the first for most of them."""
    return ["DejaVu Sans", *map(_known_to_matplotlib, fallback_fonts("".join(texts)))]


def chart_text(text: str) -> str:
    """Return a text of a chart as it is drawn: legible, and from left to right whatever it begins with."""
    return (LEFT_TO_RIGHT if needs_shaping(text) else "") + legible(text)


def _shows(sign: str) -> bool:
    """Whether a sign is seen; others, such as marks of direction, need no font."""
    return unicodedata.category(sign) not in ("Cc", "Cf")


@lru_cache
def _signs_of(path: Path) -> frozenset[int]:
    """Code points of a font's signs; none of one that cannot be read."""
    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


@lru_cache
def _signs_of_dejavu() -> frozenset[int]:
    """Code points that DejaVu Sans has in both weights."""
    return _signs_of(REGULAR) & _signs_of(BOLD)


def _packaged() -> list[Path]:
    """The fonts that come with brainlab. Their packages are found and not imported: one would change matplotlib."""
    found = [(find_spec(package), file) for package, file in PACKAGED]
    return [Path(spec.origin).parent / file for spec, file in found if spec is not None and spec.origin is not None]


@lru_cache
def _of_this_machine() -> tuple[Path, ...]:
    """The TrueType fonts that this machine has."""
    return tuple(Path(name) for name in sorted(findSystemFonts()) if name.lower().endswith(".ttf"))


@lru_cache
def _known_to_matplotlib(path: Path) -> str:
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns of fonts that have no bold
    fontManager.addfont(path)
    return FontProperties(fname=path).get_name()
