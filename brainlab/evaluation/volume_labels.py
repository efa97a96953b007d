"""The network that labels the volumes of an evaluation."""

from typing import TYPE_CHECKING, Any

from brainlab.evaluation.images import ImageSets

if TYPE_CHECKING:
    from brainlab.networks.perceptual.volume_segmenter import VolumeSegmenter


def segmenter_of(sets: ImageSets) -> "VolumeSegmenter":
    """Return the tissue network that fits the images; to be called by `ImageSets.once`.

    Raises InputError, with what to do, where none does.
    """
    from brainlab.networks.perceptual.find import find_segmenter

    return find_segmenter(sets.shape, sets.recipe)


def network_settings(sets: ImageSets) -> dict[str, Any]:
    """Return what is said of the network beside a value."""
    segmenter = sets.once(segmenter_of)
    settings: dict[str, Any] = {"network": str(segmenter), "network_sha256": segmenter.tissue.sha256}
    if sets.recipe is None:
        settings["taken_for"] = f"{segmenter.kind}, whose shape the images have; nothing says which they are"
    return settings
