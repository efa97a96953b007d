"""How many readers and cases a comparison needs, by simulation, before anyone reads.

Differences of readers are drawn as the design would give them, and put through the test that the report uses
(`reader_test`): areas vary over cases as those of normal scores do, and over readers by a standard deviation that has
to be assumed, or is known from an earlier study. Hillis, Obuchowski and Berbaum (2011, Acad Radiol 18:129-142) reach
the same from a noncentral F; here the floors and degrees of freedom of the report's own test count too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from brainlab.errors import InputError
from brainlab.measures.binormal_areas import area_covariance, area_covariance_over_real
from brainlab.measures.obuchowski_rockette import reader_test
from brainlab.types import FloatArray

Kind = Literal["sources", "conditions", "machine"]
KINDS: tuple[Kind, ...] = ("sources", "conditions", "machine")
LEVEL = 0.05
REPETITIONS = 1000
FEWEST, MOST = 4, 1000
"""Real cases between which a size is looked for."""

READERS = (2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, kw_only=True)
class PairedDesign:
    """What is compared, and what is assumed of it.

    kind: two `sources` of fakes beside the same real cases, the same cases under two `conditions`, or a `machine` (the
        first) and the mean of the readers (the second). first, second: the expected ROC areas.
    correlation: of the scores that two readers, or a machine and a reader, give to one case of a kind. again: of one
        reader's two scores of a case, under two conditions.
    reader_sd: standard deviation over readers of the true difference. fakes_per_real: fakes, of each source, for every
        real case. overlap: which share of a reader's cases another reader judges too; below 1 in a pool that is shared
        out, where numbers of cases are those of a reader.
    """

    kind: Kind
    first: float
    second: float
    correlation: float = 0.5
    again: float = 0.7
    reader_sd: float = 0.03
    fakes_per_real: float = 1.0
    overlap: float = 1.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("first", 0.0, 1.0),
            ("second", 0.0, 1.0),
            ("correlation", -1e-9, 1.0),
            ("again", -1e-9, 1.0),
            ("reader_sd", -1e-9, 1.0),
            ("fakes_per_real", 0.0, 100.0),
            ("overlap", -1e-9, 1 + 1e-9),
        ):
            value = getattr(self, name)
            if not low < value < high:
                raise InputError(f"{name} must lie between {max(low, 0):g} and {high:g}, got {value:g}")
        if self.kind not in KINDS:
            raise InputError(f"what is compared must be one of {', '.join(KINDS)}, got {self.kind!r}")

    def by_cases(self, real: float) -> tuple[float, float]:
        """Return the variance of a reader's difference that cases cause, and its covariance between two readers."""
        variance, shared = self._by_all_cases(real)
        return variance, shared * self.overlap

    def _by_all_cases(self, real: float) -> tuple[float, float]:
        """Return both where all readers judge the same cases."""
        fake, a, b, rho = real * self.fakes_per_real, self.first, self.second, self.correlation

        def of(first: float, second: float, correlation: float) -> float:
            return area_covariance(first, second, correlation, real, fake)

        single = of(a, a, 1) + of(b, b, 1)
        if self.kind == "sources":
            shared = [area_covariance_over_real(a, b, correlation, real) for correlation in (1.0, rho)]
            return single - 2 * shared[0], of(a, a, rho) + of(b, b, rho) - 2 * shared[1]
        if self.kind == "conditions":
            return single - 2 * of(a, b, self.again), of(a, a, rho) + of(b, b, rho) - 2 * of(a, b, rho)
        return single - 2 * of(a, b, rho), of(a, a, 1) + of(b, b, rho) - 2 * of(a, b, rho)


@dataclass(frozen=True)
class PairedPlan:
    """What a study will show. real, fake: cases, of each source of fakes. cases: in all, each counted once.

    power: chance that the difference is significant at 5%, two-sided. width: expected full width of its 95% interval
    for other readers and cases.
    """

    readers: int
    real: int
    fake: int
    cases: int
    power: float
    width: float


def expect(design: PairedDesign, readers: int, real: int, repetitions: int = REPETITIONS, seed: int = 0) -> PairedPlan:
    """Return power and width of a study. Raises InputError for fewer than two readers or cases of a kind.

    The same seed draws the same deviates whatever the number of cases, so that sizes compare.
    """
    fake = round(real * design.fakes_per_real)
    if readers < 2 or min(real, fake) < 2:
        raise InputError(
            f"a comparison needs two readers and two cases of each kind, got {readers} readers, {real} real and "
            f"{fake} generated cases"
        )
    variance, shared = design.by_cases(real)
    shared = min(max(shared, 0.0), variance)
    random = np.random.default_rng(seed)
    common, own = random.standard_normal((repetitions, 1)), random.standard_normal((repetitions, readers))
    own_sd = np.sqrt(variance - shared + design.reader_sd**2)
    differences: FloatArray = design.first - design.second + np.sqrt(shared) * common + own_sd * own
    covariance = np.full((readers, readers), shared) + (variance - shared) * np.eye(readers)
    sources = 2 if design.kind == "sources" else 1
    tests = [reader_test(row, covariance, real + sources * fake) for row in differences]
    known = [test for test in tests if test.p is not None]
    return PairedPlan(
        readers,
        real,
        fake,
        real + sources * fake,
        sum(test.p < LEVEL for test in known if test.p is not None) / len(tests),
        float(np.mean([(test.high or 0.0) - (test.low or 0.0) for test in known])),
    )


def smallest_study(
    design: PairedDesign,
    readers: int,
    *,
    power: float | None = None,
    width: float | None = None,
    repetitions: int = REPETITIONS,
) -> PairedPlan | None:
    """Return the study with the fewest cases that has the power or the width that is wanted, or both.

    None where a thousand real cases do not do: readers then differ too much for so few of them. Raises InputError where
    nothing is wanted, or a power for a difference of 0.
    """
    if power is None and width is None:
        raise InputError("a sample size needs a power or a width that is wanted")
    if power is not None and not LEVEL < power < 1:
        raise InputError(f"power must lie between {LEVEL} and 1, got {power:g}")
    if width is not None and not 0 < width < 2:
        raise InputError(f"width must lie between 0 and 2, got {width:g}")
    if power is not None and design.first == design.second:
        raise InputError("power needs two ROC areas that differ; ask for a width, or change one of them")

    def enough(plan: PairedPlan) -> bool:
        return (power is None or plan.power >= power) and (width is None or plan.width <= width)

    fewest = max(FEWEST, int(np.ceil(2 / design.fakes_per_real)))
    low, high = fewest, MOST
    best = expect(design, readers, high, repetitions)
    if not enough(best):
        return None
    while low < high:
        middle = (low + high) // 2
        plan = expect(design, readers, middle, repetitions)
        if enough(plan):
            best, high = plan, middle
        else:
            low = middle + 1
    return best


def sample_sizes(
    design: PairedDesign,
    *,
    power: float | None = None,
    width: float | None = None,
    readers: Sequence[int] = READERS,
    repetitions: int = REPETITIONS,
) -> dict[int, PairedPlan | None]:
    """Return `smallest_study` for several numbers of readers."""
    return {
        number: smallest_study(design, number, power=power, width=width, repetitions=repetitions) for number in readers
    }
