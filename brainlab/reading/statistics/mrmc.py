"""Many readers, many cases: means over readers with intervals that do not take readers x cases as independent.

Readers see the same cases, or of a large pool some of the same, so their errors go together, and a handful of readers
says little about readers at large. Each mean therefore has two intervals, named for what they generalise to:
`these_readers` on new cases (only cases vary), and `other_readers` like them on new cases (both vary).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from brainlab.measures.accuracy import area_estimate, logit_bounds, placements, wilson_bounds
from brainlab.measures.estimate import CONFIDENCE, Estimate, undefined
from brainlab.measures.obuchowski_rockette import obuchowski_rockette
from brainlab.measures.own_cases import covariance_of_own_means, over_readers, own_means
from brainlab.measures.strata import spread_of_mean, stratum_codes
from brainlab.reading.statistics.answers import REAL, Answers
from brainlab.types import BoolArray, FloatArray, IntArray, StringArray

FEW_READERS = 5


@dataclass(frozen=True)
class ReaderMean:
    """A figure averaged over readers, with one interval for these readers and one for readers at large.

    `readers` counts the readers, `n` the cases that any of them judged; `caution` says what so few readers can show.
    """

    value: float | None
    n: int
    readers: int
    these_readers: Estimate
    other_readers: Estimate
    caution: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers for JSON."""
        return asdict(self)


def reader_means(answers: Answers) -> dict[str, dict[str, Any]] | None:
    """Return `accuracy` and, where confidence was asked, `auc` over all readers, as `ReaderMean.as_dict`.

    Each reader's figure is of own cases: all of a study's, a share of a large pool, or those that were not left out.
    Sources, where known, are strata. None with fewer than two readers, without truth, or where the question was not
    real or fake.
    """
    if len(answers.readers) < 2 or "truth" not in answers.main or not answers.real_or_fake:
        return None
    table = CaseTable.from_answers(answers)
    given = table.where(table.correct)
    figures = {"accuracy": mean_accuracy(given.correct, given.sources)}
    if np.isfinite(table.scores).any():
        sure = table.where(table.scores)
        figures["auc"] = mean_roc_area(sure.scores, sure.real, sure.sources)
    return {name: figure.as_dict() for name, figure in figures.items()}


@dataclass(frozen=True)
class CaseTable:
    """What all readers said of each case: `correct` (1 or 0) and `scores` (signed confidence), both [n, readers], nan
    where missing; `real` [n] says which cases are real, `sources` [n] where they are from ('' where unknown).
    """

    correct: FloatArray
    scores: FloatArray
    real: BoolArray
    sources: StringArray
    cases: tuple[str, ...]

    @classmethod
    def from_answers(cls, answers: Answers, readers: Sequence[str] | None = None) -> "CaseTable":
        """Lay out the answers to real and fake cases of known truth; readers: their order, if not that of the rows."""
        readers = list(answers.readers if readers is None else readers)
        known = answers.main[answers.main["truth"].notna()]
        answered = known["answer"].notna()
        right = (known["answer"] == known["truth"]).astype(float).where(answered)
        sign = np.where(known["answer"] == REAL, 1.0, -1.0)
        score = (known["confidence"] * sign).where(answered) if "confidence" in known else right * np.nan
        wide = known.assign(right=right, score=score).pivot(index="case", columns="reader", values=["right", "score"])
        wide = wide.reindex(columns=pd.MultiIndex.from_product([["right", "score"], readers]))
        by_case = known.groupby("case")
        sources = by_case["source"].first() if "source" in known else by_case["truth"].first()
        return cls(
            wide["right"][readers].to_numpy(dtype=float),
            wide["score"][readers].to_numpy(dtype=float),
            (by_case["truth"].first() == REAL).to_numpy(),
            sources.fillna("").to_numpy(dtype=str),
            tuple(wide.index),
        )

    @property
    def called_real(self) -> FloatArray:
        """1 where a reader called a case real, 0 where fake, nan where missing: [n, readers]."""
        return np.where(self.real[:, None], self.correct, 1 - self.correct)

    def where(self, figures: FloatArray) -> "CaseTable":
        """Return what readers said where `figures` [n, readers] are known, and the cases with anything of it."""
        known = np.isfinite(figures)
        said = replace(self, correct=np.where(known, self.correct, np.nan), scores=np.where(known, self.scores, np.nan))
        return said.take(np.flatnonzero(known.any(axis=1)))

    def take(self, rows: IntArray) -> "CaseTable":
        """Return some of the cases."""
        cases = tuple(self.cases[row] for row in rows)
        return CaseTable(self.correct[rows], self.scores[rows], self.real[rows], self.sources[rows], cases)


def cases_in_common(first: CaseTable, second: CaseTable) -> tuple[CaseTable, CaseTable]:
    """Return the cases that both tables have, in one order."""
    shared = sorted(set(first.cases) & set(second.cases))
    one, other = (
        table.take(np.array([table.cases.index(case) for case in shared], dtype=int)) for table in (first, second)
    )
    return one, other


def mean_accuracy(correct: FloatArray, strata: ArrayLike | None = None) -> ReaderMean:
    """Average over readers of the share of right answers; `correct` [n, readers] holds 1 and 0, `strata` [n] sources.

    nan where a reader did not judge a case.
    These readers: Wilson's interval at the effective sample size of the stratified mean (Dean and Pagano 2015), half a
    case of random answers added to each source. Other readers: see `beyond_these_readers`.
    """
    n, readers = correct.shape
    each = own_means(correct)
    if n == 0 or np.isnan(each).any():
        return _nothing("undefined: a reader answered no case", readers)
    codes = stratum_codes(strata, n)
    value = float(each.mean())
    parts = over_readers(correct, codes)
    guess = parts.prior(0.5 * float(codes.max() + 1), 0.5, 0.25 / readers)
    spread = spread_of_mean(parts.values, parts.codes, guess)
    smooth = (value * n + 0.25) / (n + 0.5)
    low, high = wilson_bounds(value, smooth * (1 - smooth) / spread.se**2)
    fixed = Estimate(value, low, high, n)
    return _reader_mean(each, covariance_of_own_means(correct, codes), fixed)


def mean_roc_area(scores: FloatArray, real: BoolArray, strata: ArrayLike | None = None) -> ReaderMean:
    """Average over readers of the ROC area; `scores` [n, readers] are signed confidences, `real` [n] the truth.

    nan where a reader did not judge a case.
    These readers: as `area_estimate`, from each case's placement averaged over readers. Other readers: see
    `beyond_these_readers`, with DeLong's covariances between readers.
    """
    readers = scores.shape[1]
    if not enough(scores[real], scores[~real]):
        return _nothing("undefined: needs two real and two fake cases of each reader", readers)
    wins = placements(scores[real], scores[~real])  # [real, fake, readers]
    placed = own_means(wins, axis=1), own_means(wins, axis=0)  # [real, readers], [fake, readers]
    sources = np.zeros(len(real)) if strata is None else np.asarray(strata)
    codes = [stratum_codes(sources[of], int(of.sum())) for of in (real, ~real)]
    fixed = area_estimate(*(over_readers(*each) for each in zip(placed, codes, strict=True)))
    covariance = sum((covariance_of_own_means(*each) for each in zip(placed, codes, strict=True)), np.zeros(()))
    return _reader_mean(own_means(placed[0]), covariance, fixed)


def enough(*groups: FloatArray) -> bool:
    """Whether every reader judged the two cases of each group [n, readers] that a covariance needs."""
    return all(int(np.isfinite(group).sum(axis=0).min()) >= 2 for group in groups if group.shape[1])


def beyond_these_readers(values: FloatArray, covariance: FloatArray, n: int) -> Estimate:
    """Mean over readers with an interval for readers like these and cases like these.

    Student's interval of `obuchowski_rockette` on the logit scale with no more than 2 (r - 1) degrees of freedom: with
    two to four readers, Hillis' rest on a variance that is itself a guess. It is never narrower than the normal
    interval for new cases of these readers. (`benchmarks.reading.coverage` and `pools`: it covers 93 to 97% with five
    readers, 91 to 95% with three who differ much, up to 99% where readers are all alike.)
    The percentile bootstrap over readers and cases is no alternative: resampling three readers loses a third of the
    variance between them, and its 95% interval covers 78% of the time (69% with two readers, 87% with five).
    """
    readers, value = len(values), float(values.mean())
    if readers < 2:
        return Estimate(value, n=n, reason="no interval: one reader gives no estimate of the variation between readers")
    se, degrees = obuchowski_rockette(values, covariance)
    cases_only = float(np.sqrt(max(covariance.mean(), 0.0)))
    if max(se, cases_only) < 1e-9:
        return Estimate(value, n=n, reason="no interval: neither readers nor cases differ")
    student = float(special.stdtrit(min(degrees, 2.0 * (readers - 1)), 0.5 + CONFIDENCE / 2))
    normal = float(special.ndtri(0.5 + CONFIDENCE / 2))
    low, high = logit_bounds((value * n + 0.5) / (n + 1), max(student * se, normal * cases_only))
    return Estimate(value, min(low, value), max(high, value), n)


def _reader_mean(values: FloatArray, covariance: FloatArray, fixed: Estimate) -> ReaderMean:
    """Join both intervals."""
    readers = len(values)
    other = beyond_these_readers(values, covariance, fixed.n)
    return ReaderMean(fixed.value, fixed.n, readers, fixed, other, caution_about(readers))


def caution_about(readers: int) -> str | None:
    """Return what so few readers can show of others; None with enough of them."""
    if readers >= FEW_READERS:
        return None
    return f"With {readers} readers, the interval for other readers is uncertain; interpret it with caution."


def _nothing(reason: str, readers: int) -> ReaderMean:
    """Return a mean without a value."""
    return ReaderMean(None, 0, readers, undefined(reason), undefined(reason))
