"""How many latent dimensions are in use."""

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric, register

ACTIVE_NATS = 0.01


def _active_units(sets: ImageSets) -> Measurement:
    codes = sets.part("codes")
    kl = codes.kl_per_dimension()
    settings = {
        "latent_dim": codes.mean.shape[1],
        "kl_nats": float(kl.sum()),
        "variance_of_mean_above_0.01": int((codes.mean.var(axis=0) > 0.01).sum()),
    }
    return Measurement(float(codes.active(ACTIVE_NATS).sum()), None, len(codes.mean), settings)


register(
    Metric(
        name="active_units",
        title="Active latent dimensions",
        definition=f"Latent dimensions whose mean divergence from the prior is above {ACTIVE_NATS} nats.",
        source="",
        aspect="code",
        better="none",
        needs=("codes",),
        measure=_active_units,
        settings={"criterion": f"mean KL to the prior above {ACTIVE_NATS} nats"},
    )
)
