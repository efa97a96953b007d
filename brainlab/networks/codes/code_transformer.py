"""A causal transformer over the entries of a code: p(k_1) p(k_2 | k_1) p(k_3 | k_1, k_2) ...

van den Oord et al. 2017 (section 3.3) learn that distribution with a PixelCNN. Here it is attention with a learnt
embedding of each place: heads lie in one pose, so that a place says much about its entry, which convolutions do not
see, and keys and values of earlier places are kept, so that drawing a code takes the arithmetic of one pass over it.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from brainlab.errors import InputError

INITIAL_SD = 0.02
"""Standard deviation of embeddings before training."""


class CausalBlock(nn.Module):
    """Self-attention to the same and earlier places, then a perceptron, each added to what comes in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, h: Tensor, memory: Tensor | None = None, place: int = 0) -> Tensor:
        """Return the features [n, places, width] that follow from features [n, places, width].

        memory: keys and values of earlier places, [2, n, heads, all places, width / heads]; where it is given, `h` is
            that of one place, number `place`, and the memory takes up its keys and values.
        """
        n, places, width = h.shape
        split = self.queries_keys_values(self.before_attention(h)).view(n, places, 3, self.heads, width // self.heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)  # each [n, heads, places, width / heads]
        if memory is not None:
            memory[0, :, :, place], memory[1, :, :, place] = keys[:, :, 0], values[:, :, 0]
            keys, values = memory[:, :, :, : place + 1]
        found = scaled_dot_product_attention(queries, keys, values, is_causal=memory is None)
        h = h + self.attended(found.transpose(1, 2).reshape(n, places, width))
        return h + self.perceptron(self.before_perceptron(h))


class CodeTransformer(nn.Module):
    """The distribution of codes of `places` indices, each below `entries`.

    Raises InputError where the heads do not divide the width.
    """

    def __init__(self, entries: int, places: int, *, width: int, layers: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise InputError(f"--prior-width: needs a multiple of the {heads} heads, got {width}")
        self.places, self.heads = places, heads
        # One row more than entries: what stands before the first place.
        self.entry = nn.Embedding(entries + 1, width)
        self.place = nn.Parameter(torch.empty(places, width))
        self.blocks = nn.ModuleList(CausalBlock(width, heads) for _ in range(layers))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, entries))
        nn.init.normal_(self.entry.weight, std=INITIAL_SD)
        nn.init.normal_(self.place, std=INITIAL_SD)

    def forward(self, indices: Tensor) -> Tensor:
        """Return logits of each place's entry given those before it: [n, places] -> [n, places, entries]."""
        start = indices.new_full((len(indices), 1), self.entry.num_embeddings - 1)
        h = self.entry(torch.cat([start, indices[:, :-1]], 1)) + self.place
        for block in self.blocks:
            h = block(h)
        return self.head(h)

    def nats(self, indices: Tensor) -> Tensor:
        """Return -log p of each code: [n, places] -> [n]."""
        logits = self(indices).float().transpose(1, 2)  # [n, entries, places]
        return nn.functional.cross_entropy(logits, indices, reduction="none").sum(1)

    @torch.no_grad()
    def draw(self, uniform: Tensor, temperature: float) -> Tensor:
        """Draw codes, place after place: numbers over [0, 1) [n, places] -> indices [n, places].

        temperature: what logits are divided by; 0 takes the likeliest entry at each place.
        """
        n, width = len(uniform), self.place.shape[1]
        memory = uniform.new_zeros(len(self.blocks), 2, n, self.heads, self.places, width // self.heads)
        before = torch.full((n,), self.entry.num_embeddings - 1, device=uniform.device)
        drawn = torch.empty(n, self.places, dtype=torch.int64, device=uniform.device)
        for place in range(self.places):
            h = (self.entry(before) + self.place[place])[:, None]  # [n, 1, width]
            for block, kept in zip(self.blocks, memory, strict=True):
                h = block(h, kept, place)
            before = pick(self.head(h[:, 0]), uniform[:, place], temperature)
            drawn[:, place] = before
        return drawn


def pick(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Pick an entry by inverting the distribution function: logits [n, entries], numbers over [0, 1) [n] -> [n]."""
    if temperature == 0:
        return logits.argmax(1)
    # Less the largest, so that no temperature is so low that a quotient overflows.
    below = torch.softmax((logits - logits.amax(1, keepdim=True)).double() / temperature, 1).cumsum(1)
    return torch.searchsorted(below, uniform.double()[:, None] * below[:, -1:], right=True)[:, 0]
