"""The network: embeddings of the token and of what conditions it, two LSTM layers, one linear layer.

Shapes are written as B (sequences), T (steps), F (features), E (embedding), H (hidden), V (vocabulary).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from gamemusic.tokens.vocabulary import FEATURES, ROLES, VOCABULARY_SIZE

__all__ = ["EMBEDDING_SIZES", "ModelSize", "MoodLSTM", "TiedLSTM"]

EMBEDDING_SIZES = {
    "token": 96,
    "style": 16,
    "intensity": 8,
    "meter": 4,
    "mode": 4,
    "roles": 12,
    "ending": 2,
    "bars_left": 8,
    "position": 18,
    "chord": 32,
}
"""Width of each feature's embedding; 200 together."""

State = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Size of a network."""

    hidden: int = 384
    """H, cells a layer."""
    layers: int = 2
    dropout: float = 0.1
    """Share of a layer's outputs left out while training, 0..1."""

    def to_dict(self) -> dict[str, float]:
        """Return the size as a plain dictionary."""
        return asdict(self)


class MoodLSTM(nn.Module):
    """Next-token model conditioned on style, intensity, meter, mode, roles, ending, bars left, position and chord."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.size = size
        self.embeddings = nn.ModuleDict(
            {
                # roles is a set: its 64 values share one vector a role, so unseen combinations are still understood
                name: nn.Embedding(len(ROLES) if name == "roles" else FEATURES[name], width)
                for name, width in EMBEDDING_SIZES.items()
            }
        )
        bits = torch.tensor(
            [[float(value >> bit & 1) for bit in range(len(ROLES))] for value in range(2 ** len(ROLES))]
        )
        self.register_buffer("role_bits", bits, persistent=False)  # (64, 6)
        self.lstm = nn.LSTM(
            sum(EMBEDDING_SIZES.values()),
            size.hidden,
            size.layers,
            batch_first=True,
            dropout=size.dropout if size.layers > 1 else 0.0,
        )
        self.drop = nn.Dropout(size.dropout)
        self.head = nn.Linear(size.hidden, VOCABULARY_SIZE)
        for embedding in self.embeddings.values():
            nn.init.normal_(embedding.weight, std=0.3)  # type: ignore[arg-type]  # every value is an Embedding
        for name, weight in self.lstm.named_parameters():
            if name.startswith("bias_ih"):
                nn.init.zeros_(weight)
                weight.data[size.hidden : 2 * size.hidden] = (
                    1.0  # forget gates open: memory first, forgetting is learned
                )
            elif name.startswith("bias"):
                nn.init.zeros_(weight)

    def set_dropout(self, share: float) -> None:
        """Leave out this share of activations from now on."""
        self.drop.p = share
        self.lstm.dropout = share if self.size.layers > 1 else 0.0

    def table(self, name: str) -> Tensor:
        """Return a feature's embedding table in (-1, 1), the range that the exported graph's 8 bits can hold:
        (values, E).
        """
        weight: Tensor = self.embeddings[name].weight  # type: ignore[assignment]  # every value is an Embedding
        if name == "roles":
            weight = self.role_bits @ weight  # type: ignore[operator]  # (64, 6) @ (6, E): a buffer is a Tensor
        return torch.tanh(weight)

    def embed(self, features: Tensor) -> Tensor:
        """Return (B, T, E) from integer features (B, T, F)."""
        columns = [
            nn.functional.embedding(features[..., index], self.table(name)) for index, name in enumerate(FEATURES)
        ]
        return torch.cat(columns, dim=-1)

    def start(self, batch: int, device: torch.device | str = "cpu") -> State:
        """Return the empty memory: two tensors of (layers, B, H)."""
        shape = (self.size.layers, batch, self.size.hidden)
        return torch.zeros(shape, device=device), torch.zeros(shape, device=device)

    def forward(self, features: Tensor, state: State) -> tuple[Tensor, State]:
        """Return logits (B, T, V) and the memory after the last step."""
        hidden, state = self.lstm(self.drop(self.embed(features)), state)  # (B, T, H)
        return self.head(self.drop(hidden)), state


class TiedLSTM(MoodLSTM):
    """The network with its output layer tied to the token embedding while it is trained (Press and Wolf, 2017).

    What it learns about a token as input serves it as output, too: far fewer notes are needed to learn the alphabet.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__(size)
        self.head = nn.Linear(size.hidden, EMBEDDING_SIZES["token"])
        self.bias = nn.Parameter(torch.zeros(VOCABULARY_SIZE))
        self.scale = nn.Parameter(torch.tensor(4.0))  # the table lies in (-1, 1): too flat for a softmax as it is

    def forward(self, features: Tensor, state: State) -> tuple[Tensor, State]:
        """As `MoodLSTM.forward`."""
        hidden, state = super().forward(features, state)  # (B, T, E)
        return self.scale * hidden @ self.table("token").T + self.bias, state

    def untie(self) -> MoodLSTM:
        """Return the same network with an output layer of its own: two linear layers in a row are one."""
        plain = MoodLSTM(self.size)
        with torch.no_grad():
            table = self.scale * self.table("token")  # (V, E)
            weights = {name: value for name, value in self.state_dict().items() if name not in ("bias", "scale")}
            weights["head.weight"] = table @ self.head.weight
            weights["head.bias"] = table @ self.head.bias + self.bias
            plain.load_state_dict(weights)
        return plain.to(self.bias.device)
