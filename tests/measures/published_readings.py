"""Readings that other programs have analysed: Van Dyke's cases, and studies drawn by Roe and Metz' model."""

import csv
from pathlib import Path

import numpy as np

VAN_DYKE = Path(__file__).parent / "van_dyke.csv"
"""Ratings 1 to 5 by reader and treatment, a digit a case: 69 patients without a dissection of the aorta, 45 with one.

Van Dyke CW, White RD, Obuchowski NA, et al. Cine MRI in the diagnosis of thoracic aortic dissection. 79th meeting of
the RSNA, 1993. The example of OR-DBM MRMC (University of Iowa), RJafroc (dataset02) and MRMCaov.
"""


def van_dyke() -> tuple[np.ndarray, np.ndarray]:
    """Return the ratings of abnormal [45, readers, treatments] and normal cases [69, readers, treatments]."""
    with VAN_DYKE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    abnormal, normal = (
        np.array([[[int(digit) for digit in r[kind]] for r in rows if r["treatment"] == t] for t in "12"])
        for kind in ("abnormal", "normal")
    )  # [treatments, readers, cases]
    return abnormal.transpose(2, 1, 0).astype(float), normal.transpose(2, 1, 0).astype(float)


def roe_metz_machine() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw 200 positive, then 800 negative cases, a machine and ten readers of the same ability (Chakraborty 2017).

    Separation 1; a reader's two means vary by .075; scores of a reader and the machine correlate by .6. Returns
    whether a case is positive [n], the machine's scores [n] and the readers' [n, 10].
    """
    random = np.random.RandomState(1987)
    positive = np.arange(1000) < 200
    case = random.randn(1000)
    readers = []
    for _ in range(10):
        of_negative, of_positive = 0.075 * random.randn(2)
        own = np.sqrt(1 - 0.6**2) * random.randn(1000)
        readers.append(np.where(positive, 1 + of_positive, of_negative) + 0.6 * case + own)
    return positive, positive + case, np.stack(readers, axis=1)


def roe_metz_treatments() -> tuple[np.ndarray, np.ndarray]:
    """Draw 200 negative, then 200 positive cases, ten readers and two equal treatments (Hillis 2018, structure HL).

    Variances: reader and reader x treatment .0082 each for either kind of case, case .3, treatment x case .3, reader x
    case .2, error .2. Returns whether a case is positive [n], and scores [n, readers, treatments] in single precision.
    """
    random = np.random.RandomState(1987)
    n, positive = 400, np.arange(400) >= 200
    case = np.sqrt(0.3) * random.randn(n)
    of_treatment = [np.sqrt(0.3) * random.randn(n) for _ in range(2)]
    scores = np.zeros((n, 10, 2), dtype=np.float32)
    for reader in range(10):
        up, down = np.sqrt(0.0082) * random.randn(2)
        of_reader = np.sqrt(0.2) * random.randn(n)
        for treatment in range(2):
            more, less = np.sqrt(0.0082) * random.randn(2)
            error = np.sqrt(0.2) * random.randn(n)
            level = np.where(positive, 0.821 + up + more, down + less)
            scores[:, reader, treatment] = level + case + of_reader + of_treatment[treatment] + error
    return positive, scores
