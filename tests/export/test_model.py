"""The network in training and what is saved of it."""

from __future__ import annotations

import torch

from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_SIZE
from gamemusic_export.model import ModelSize, MoodLSTM, TiedLSTM


def _features(batch: int, steps: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    columns = [torch.randint(0, count, (batch, steps), generator=generator) for count in FEATURES.values()]
    return torch.stack(columns, dim=-1)


def test_untied_it_says_the_same() -> None:
    torch.manual_seed(3)
    tied = TiedLSTM(ModelSize(hidden=24, layers=2, dropout=0.0)).eval()
    with torch.no_grad():
        tied.bias.normal_()
        tied.scale.fill_(2.5)
    plain = tied.untie().eval()
    assert type(plain) is MoodLSTM
    features = _features(2, 5)
    expected, _ = tied(features, tied.start(2))
    found, _ = plain(features, plain.start(2))
    assert found.shape == (2, 5, VOCABULARY_SIZE)
    assert torch.allclose(found, expected, atol=1e-4)
    # the control: with its own untouched output layer it would not
    other = MoodLSTM(tied.size).eval()
    other.lstm.load_state_dict(tied.lstm.state_dict())
    assert not torch.allclose(other(features, other.start(2))[0], expected, atol=1e-2)
