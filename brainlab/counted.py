"""Numbers with their nouns, as every message says them: 1 scan, 2 scans, 1,200 people."""


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun, in the singular where it is one, with commas between thousands.

    one: the noun in the singular, with what stands before it.  several: its plural where an s at the end does not make
    it.

    >>> counted(1, "held-out scan"), counted(0, "scan"), counted(1200, "person", "people")
    ('1 held-out scan', '0 scans', '1,200 people')
    """
    return f"{number:,} {noun(number, one, several)}"


def noun(number: int, one: str, several: str | None = None) -> str:
    """Return the noun of a number alone, as `counted` does.

    >>> noun(1, "is", "are"), noun(2, "is", "are")
    ('is', 'are')
    """
    return one if number == 1 else several or f"{one}s"


def all_of(number: int, one: str) -> str:
    """Return all of so many things, where an s makes the plural.

    >>> all_of(24, "case"), all_of(1, "case")
    ('all 24 cases', 'the one case')
    """
    return f"the one {one}" if number == 1 else f"all {counted(number, one)}"


def parameters(count: int) -> str:
    """Return how many parameters a network has, to about three digits.

    >>> parameters(18_100_000), parameters(231_745), parameters(109)
    ('18.1 M parameters', '231.7 K parameters', '109 parameters')
    """
    if count >= 1e6:
        return f"{count / 1e6:.1f} M parameters"
    return f"{count / 1e3:.1f} K parameters" if count >= 1e3 else counted(count, "parameter")


def sized(count: float) -> str:
    """Return how much memory or disk a number of bytes is.

    >>> sized(3.24e9), sized(12_500_000), sized(480)
    ('3.2 GB', '12.5 MB', '0.5 kB')
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count / 1e3:,.1f} kB"
