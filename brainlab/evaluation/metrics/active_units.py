"""How many latent dimensions are in use."""

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric

ACTIVE_NATS = 0.01
NO_SPREAD = "variance of the codes above 0.01, for the encoder gives no spread"


def _active_units(sets: ImageSets) -> Measurement:
    codes = sets.part("codes")
    kl = codes.kl_per_dimension()
    settings = {
        "latent_dim": codes.mean.shape[1],
        "criterion": f"mean KL to the prior above {ACTIVE_NATS} nats" if kl is not None else NO_SPREAD,
        "kl_nats": None if kl is None else float(kl.sum()),
        "variance_of_mean_above_0.01": int((codes.mean.var(axis=0) > 0.01).sum()),
    }
    return Measurement(float(codes.active(ACTIVE_NATS).sum()), None, len(codes.mean), settings)


METRICS = (
    Metric(
        name="active_units",
        title="Active latent dimensions",
        definition=f"Latent dimensions whose mean divergence from the prior is above {ACTIVE_NATS} nats; "
        "without a spread, whose codes vary by more than 0.01. Undefined where a code is noise or a grid of indices.",
        source="after Burda et al. 2016, arXiv:1509.00519, section 4.2, who count `variance_of_mean_above_0.01`",
        aspect="code",
        better="none",
        needs=("codes",),
        measure=_active_units,
    ),
)
