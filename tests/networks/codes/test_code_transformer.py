"""The distribution of codes is causal and normalised, and drawing follows it."""

import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.codes.code_transformer import CodeTransformer, pick

ENTRIES, PLACES = 3, 4


@pytest.fixture
def transformer() -> CodeTransformer:
    """Return a transformer whose weights are large enough for its logits to differ."""
    torch.manual_seed(0)
    found = CodeTransformer(ENTRIES, PLACES, width=8, layers=2, heads=2)
    for weights in found.parameters():
        weights.data = 0.7 * torch.randn_like(weights)
    return found


def every_code() -> torch.Tensor:
    return torch.cartesian_prod(*[torch.arange(ENTRIES)] * PLACES)


def test_no_place_sees_itself_or_a_later_one(transformer):
    code = torch.tensor([[0, 1, 2, 0]])
    logits = transformer(code)
    for place in range(PLACES):
        changed = code.clone()
        changed[0, place] = (changed[0, place] + 1) % ENTRIES
        differs = (transformer(changed) - logits).abs().amax(2)[0] > 1e-5
        assert differs.tolist() == [later > place for later in range(PLACES)]


def test_the_probabilities_of_all_codes_sum_to_one(transformer):
    assert torch.exp(-transformer.nats(every_code()).double()).sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_drawing_with_kept_keys_is_drawing_with_a_whole_pass_for_each_place(transformer, temperature):
    uniform = torch.rand(50, PLACES)
    drawn = transformer.draw(uniform, temperature)
    plain = torch.zeros_like(drawn)
    for place in range(PLACES):
        plain[:, place] = pick(transformer(plain)[:, place], uniform[:, place], temperature)
    assert torch.equal(drawn, plain)


def test_codes_are_drawn_as_often_as_they_are_likely(transformer):
    drawn = transformer.draw(torch.rand(20_000, PLACES), 1.0)
    powers = ENTRIES ** torch.arange(PLACES - 1, -1, -1)
    shares = torch.bincount(drawn @ powers, minlength=ENTRIES**PLACES) / len(drawn)
    assert torch.allclose(shares, torch.exp(-transformer.nats(every_code())), atol=0.015)


def test_temperature_0_is_the_likeliest_entry_and_a_low_one_nears_it(transformer):
    greedy = transformer.draw(torch.rand(200, PLACES), 0.0)
    assert len(greedy.unique(dim=0)) == 1
    assert torch.equal(transformer(greedy).argmax(2), greedy)
    assert torch.equal(transformer.draw(torch.rand(200, PLACES), 1e-9), greedy)


def test_a_number_picks_the_entry_whose_share_it_falls_in():
    logits = torch.tensor([[0.0, 0.5, 0.0, 0.5]]).log().expand(4, -1)
    assert pick(logits, torch.tensor([0.0, 0.49, 0.51, 1 - 2**-24]), 1.0).tolist() == [1, 1, 3, 3]
    shares = torch.tensor([0.2, 0.8])
    warm = (shares.sqrt() / shares.sqrt().sum())[0]
    picked = pick(shares.log().expand(2, -1), torch.stack([warm - 1e-4, warm + 1e-4]), 2.0)
    assert picked.tolist() == [0, 1]


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(InputError, match="--prior-width: needs a multiple of the 3 heads, got 8"):
        CodeTransformer(ENTRIES, PLACES, width=8, layers=1, heads=3)
