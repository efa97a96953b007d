"""How a training is watched, where it stands, and when it has gone on for too long."""

import itertools
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is written down while training goes on.

    seed: of the order of images and of all noise.
    checkpoint_steps: steps between two checkpoints, so the most that a crash can lose; each epoch's end has one too.
    log_steps: steps between two lines of losses.
    half_weights: ship the weights with 16 bits each; checkpoints keep all 32.
    after_divergence: what a user can do once a loss is not finite, the end of the message that says so.
    grids: about how many sample grids are kept over the whole training.
    grid_samples, watched: codes in the sample grid, and images and samples that the diagnostics look at.
    """

    seed: int = 0
    checkpoint_steps: int = 100
    log_steps: int = 20
    grid_samples: int = 8
    grids: int = 10
    watched: int = 64
    half_weights: bool = False
    after_divergence: str = "a lower learning rate"


@dataclass
class State:
    """Where training stands.

    sums: of each loss, with its steps, since the diagnostics looked last.  strips: the held-out error at the end of
    each strip of epochs, where training may stop early.
    """

    step: int = 0
    seconds: float = 0.0
    sums: dict[str, list[float]] = field(default_factory=dict)
    last_epoch: dict[str, Any] = field(default_factory=dict)
    strips: list[float] = field(default_factory=list)


def has_risen(errors: list[float], times: int | None) -> bool:
    """Whether each of the last so many errors is above the one before (Wei, section 2.2.3); never where None.

    >>> has_risen([3.0, 2.0, 2.1, 2.2, 2.3], 3), has_risen([3.0, 2.1, 2.2, 2.1, 2.3], 3)
    (True, False)
    """
    last = errors[-times - 1 :] if times else []
    return len(last) > (times or 0) and all(after > before for before, after in itertools.pairwise(last))
