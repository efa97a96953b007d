"""How often the sides of an image are halved by a network, and which flag is named where they cannot be."""

from collections.abc import Sequence

from brainlab.errors import InputError


def halved(
    sample_shape: Sequence[int], widths: int, *, folds: int = 0, fixed: int = 0, unhalved: int = 0
) -> tuple[int, ...]:
    """Return the sides of images [channels, *sides] after every halving, (5, 6, 5) for 40 x 48 x 40 and three.

    widths: how many `--widths` there are, each a halving but for `unhalved` of them. folds: halvings by `--folds`.
    fixed: those that the network always has.
    Raises InputError, naming the flag and what it may be, where a side cannot be halved so often.
    """
    sides = tuple(sample_shape[1:])
    factor = 2 ** (widths - unhalved + folds + fixed)
    if len(sides) in (2, 3) and all(side >= factor and side % factor == 0 for side in sides):
        return tuple(side // factor for side in sides)
    got = " x ".join(map(str, sides)) or "none"
    left = min(map(_times, sides), default=0) - fixed  # halvings for widths and folds
    if len(sides) not in (2, 3) or left < 1 or not widths:
        raise InputError(f"--sample-shape: needs 2 or 3 sides that divide by {factor}, got {got}; give other sides")
    why = f"as sides of {got} do not divide by {factor}"
    if folds and widths - unhalved <= left:
        raise InputError(f"--folds: needs 0 to {left - widths + unhalved}, got {folds}, {why}; give fewer")
    most = left + unhalved
    raise InputError(f"--widths: needs {f'1 to {most}' if most > 1 else '1'} of them, got {widths}, {why}; give fewer")


def _times(side: int) -> int:
    """Return how often a number divides by 2."""
    return (side & -side).bit_length() - 1 if side > 0 else 0
