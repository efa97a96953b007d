"""What the values of a prepared dataset are, as its `recipe.json` says: in [0, 1] or z-scores, of which sequences."""

INTENSITY = "intensity"
"""Key of `recipe.json`; absent where values are in [0, 1]."""
UNIT, Z_SCORE = "unit", "z-score"
Z_WINDOW = (-2.0, 4.0)
"""z-scores that are black and white on a screen: background lies about -1, bright tissue about 3."""
CHANNELS = "channels"
"""Key of `recipe.json` for the names of the channels, where there are several."""
Z_SCORES = "z_scores"
"""Key of `recipe.json` for the mean and the standard deviation of each channel before they became 0 and 1."""
SCALED_BY, BRAIN = "scaled_by", "brain"
"""Key of `recipe.json` and its value where each scan has z-scores of its own brain; `z_scores` then holds the means of
these numbers over the training participants, and `scans.tsv` each scan's own (`scale_columns`)."""


QUANTITIES = ("DVR", "MTRmap", "FA", "RD", "AD", "ADC", "CT", "pet")
"""Sequences whose values mean the same on every scanner, or that no coil makes uneven; so do all whose name ends in
`map`."""


def is_quantity(sequence: str) -> bool:
    """Whether values of a sequence are measures with units, which no scan's own brain may scale.

    >>> [is_quantity(name) for name in ("T1w", "ct", "T1map")]
    [False, True, True]
    """
    name = sequence.casefold()
    return name.endswith("map") or name in map(str.casefold, QUANTITIES)


def sequence_key(name: str) -> str:
    """Return by what two names of a sequence are the same: neither capitals count, nor `map` at the end.

    >>> sequence_key("MTRmap") == sequence_key("mtr")
    True
    """
    return name.casefold().removesuffix("map")


def scale_columns(channel: str) -> tuple[str, str]:
    """Return the columns of `scans.tsv` for mean and standard deviation of a channel in a scan's own brain.

    >>> scale_columns("FLAIR")
    ('brain_mean_flair', 'brain_sd_flair')
    """
    return f"brain_mean_{channel.lower()}", f"brain_sd_{channel.lower()}"
