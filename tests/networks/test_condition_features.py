import pytest
import torch

from brainlab.networks.condition_features import ConditionFeatures, drop_conditions


def told(places, numbers):
    return {"class": torch.tensor(places), "age_years": torch.tensor(numbers)}


@pytest.fixture
def features():
    torch.manual_seed(0)
    return ConditionFeatures({"class": 3, "age_years": 0}, 6)


def test_what_is_not_told_adds_nothing(features):
    assert features(told([0, 0], [torch.nan, torch.nan])).count_nonzero() == 0
    both, word, number = features(told([2, 2, 0], [0.5, torch.nan, 0.5]))
    assert torch.allclose(both, word + number)
    assert word.count_nonzero() == number.count_nonzero() == 6


def test_words_and_numbers_differ_image_by_image(features):
    found = features(told([1, 2, 3, 0, 0], [torch.nan, torch.nan, torch.nan, -1.0, 1.0]))
    assert torch.pdist(found).min() > 0.01
    swapped = features(told([2, 1, 3, 0, 0], [torch.nan, torch.nan, torch.nan, 1.0, -1.0]))
    assert torch.allclose(swapped, found[[1, 0, 2, 4, 3]])


def test_nothing_is_learnt_of_what_is_not_told(features):
    features(told([0, 1], [torch.nan, torch.nan])).sum().backward()
    words = features.words["class"].weight.grad
    assert words[0].tolist() == [1] * 6, "of the one image that is told its first word"
    assert words[1:].count_nonzero() == 0
    assert all(p.grad.count_nonzero() == 0 and p.grad.isfinite().all() for p in features.numbers.parameters())


def test_no_conditions_have_no_weights():
    assert ConditionFeatures({}, 6).state_dict() == {}


def test_a_share_of_images_is_told_nothing_and_of_the_others_each_condition_is_dropped_alone():
    torch.manual_seed(0)
    n = 40_000
    given = told([2] * n, [0.5] * n)
    found = drop_conditions(given, 0.1)
    word, number = found["class"] == 2, found["age_years"] == 0.5
    assert ((found["class"] == 0) | word).all()
    assert (found["age_years"].isnan() | number).all()
    for seen, share in ((word & number, 0.9**3), (word & ~number, 0.9 * 0.9 * 0.1), (~word & number, 0.9 * 0.9 * 0.1)):
        assert float(seen.float().mean()) == pytest.approx(share, abs=0.008)
    assert (given["class"] == 2).all(), "the batch itself is as it was"


def test_all_or_none_are_dropped_at_the_ends():
    given = told([1, 2], [0.0, 1.0])
    kept, gone = drop_conditions(given, 0.0), drop_conditions(given, 1.0)
    assert all(torch.equal(kept[name], given[name]) for name in given)
    assert gone["class"].tolist() == [0, 0]
    assert gone["age_years"].isnan().all()
