"""d' and criterion with intervals."""

import numpy as np
import pytest

from brainlab.measures.accuracy import signal_detection
from brainlab.measures.signal_detection import detection_estimates


def test_intervals_of_d_prime_cover_what_they_should():
    random, true_hit, true_false_alarm, n = np.random.default_rng(0), 0.8, 0.3, 60
    wanted = signal_detection(800_000, 1_000_000, 300_000, 1_000_000)
    inside = np.zeros(2)
    for _ in range(600):
        hits, alarms = random.binomial(n, true_hit), random.binomial(n, true_false_alarm)
        for place, (estimate, value) in enumerate(zip(detection_estimates(hits, n, alarms, n), wanted, strict=True)):
            inside[place] += estimate.low <= value <= estimate.high
    assert (inside / 600 > 0.92).all()
    assert (inside / 600 < 0.985).all()


def test_variance_of_gourevitch_and_galanter_at_one_half():
    # H = F = 1/2: z = 0, phi(0)^2 = 1 / (2 pi), so var(d') = (1/4) (2 pi) (1/n + 1/n) = pi / n.
    d_prime, criterion = detection_estimates(50, 100, 50, 100)
    assert d_prime.value == pytest.approx(0)
    assert d_prime.high == pytest.approx(1.959964 * np.sqrt(np.pi / 100), rel=1e-6)
    assert criterion.high == pytest.approx(d_prime.high / 2)


def test_without_fakes_both_are_undefined_with_the_reason():
    assert all("both real and fake" in estimate.reason for estimate in detection_estimates(3, 4, 0, 0))
