"""Signal detection with intervals: how far apart real and fake lie for a reader (d'), and where the reader cuts."""

from scipy import stats

from brainlab.measures.accuracy import signal_detection
from brainlab.measures.estimate import Estimate, Z, undefined


def detection_estimates(hits: int, real: int, false_alarms: int, fake: int) -> tuple[Estimate, Estimate]:
    """Return d' and the criterion with 95% intervals from calls of 'real' among real and fake cases.

    var(d') = H (1 - H) / (n_real phi(z_H)^2) + F (1 - F) / (n_fake phi(z_F)^2), and a quarter of it for the criterion
    (Gourevitch and Galanter 1967; Macmillan and Creelman 2005, equation 13.4), at log-linearly corrected rates.
    """
    values = signal_detection(hits, real, false_alarms, fake)
    if values is None:
        missing = undefined("undefined: needs both real and fake cases", real + fake)
        return missing, missing
    variance = 0.0
    for called, n in ((hits, real), (false_alarms, fake)):
        rate = (called + 0.5) / (n + 1)
        variance += rate * (1 - rate) / (n * stats.norm.pdf(stats.norm.ppf(rate)) ** 2)
    half = Z * float(variance) ** 0.5
    d_prime, criterion = values
    return (
        Estimate(d_prime, d_prime - half, d_prime + half, real + fake),
        Estimate(criterion, criterion - half / 2, criterion + half / 2, real + fake),
    )
