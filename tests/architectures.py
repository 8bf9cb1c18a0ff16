"""Small copies of well-known architectures: each makes parameters and a number to minimise."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

Built = tuple[torch.Tensor, dict[str, torch.Tensor]]
"""The loss, and all that takes a gradient, by name."""


def _loss(model: nn.Module, *inputs: torch.Tensor) -> Built:
    output = model(*inputs)
    while not isinstance(output, torch.Tensor):
        output = output[0]
    return (output**2).mean(), dict(model.named_parameters())


def mlp() -> Built:
    layers = [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 2)]
    return _loss(nn.Sequential(*layers), torch.randn(5, 3))


def convolutional() -> Built:
    layers = [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return _loss(nn.Sequential(*layers, nn.Linear(8, 2)), torch.randn(2, 1, 6, 6))


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.second(F.relu_(self.norm(self.first(x)))))


def residual() -> Built:
    return _loss(nn.Sequential(_Residual(), _Residual()), torch.randn(2, 2, 4, 4))


class _Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv1d(2 + i, 1, 3, padding=1) for i in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.cat([x, F.relu(layer(x))], dim=1)
        return x


def dense_block() -> Built:
    return _loss(_Dense(), torch.randn(1, 2, 5))


def depthwise_separable() -> Built:
    layers = [nn.Conv2d(3, 3, 3, groups=3), nn.ReLU6(), nn.Conv2d(3, 2, 1), nn.Hardswish()]
    return _loss(nn.Sequential(*layers), torch.randn(1, 3, 4, 4))


class _Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.three = nn.Conv2d(2, 1, 1), nn.Conv2d(2, 1, 3, padding=1)
        self.pool = nn.AvgPool2d(3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.one(x), self.three(x), self.pool(x)], 1).amax((2, 3))


def inception() -> Built:
    return _loss(_Inception(), torch.randn(2, 2, 4, 4))


class _Squeeze(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 3), nn.Sigmoid())
        self.convolution = nn.Conv2d(3, 3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.convolution(x)
        return x * self.gate(F.adaptive_avg_pool2d(x, 1).flatten(1))[:, :, None, None]


def squeeze_and_excitation() -> Built:
    return _loss(_Squeeze(), torch.randn(2, 3, 5, 5))


class _UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.middle = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.up, self.last = nn.ConvTranspose2d(2, 2, 2, 2), nn.Conv2d(4, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = F.leaky_relu(self.down(x))
        deep = self.up(F.elu(self.middle(F.max_pool2d(skip, 2))))
        return self.last(torch.cat([skip, deep], 1))


def u_net() -> Built:
    return _loss(_UNet(), torch.randn(1, 1, 4, 4))


def autoencoder() -> Built:
    layers = [nn.Linear(4, 2), nn.Tanh(), nn.Dropout(0.5), nn.Linear(2, 4), nn.Softplus()]
    return _loss(nn.Sequential(*layers), torch.randn(3, 4))


def variational_autoencoder() -> Built:
    encoder, decoder = nn.Linear(4, 4), nn.Linear(2, 4)
    x = torch.rand(3, 4)
    mean, log_variance = encoder(x).chunk(2, dim=1)
    drawn = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
    divergence = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).sum()
    loss = F.binary_cross_entropy_with_logits(decoder(drawn), x) + divergence
    return loss, dict(nn.ModuleList([encoder, decoder]).named_parameters())


def generator_and_critic() -> Built:
    generator = nn.Sequential(nn.ConvTranspose2d(2, 2, 3), nn.BatchNorm2d(2), nn.Tanh())
    critic = nn.Sequential(nn.Conv2d(2, 1, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.LazyLinear(1))
    return _loss(nn.Sequential(generator, critic), torch.randn(2, 2, 2, 2))


def gradient_penalty() -> Built:
    critic = nn.Sequential(nn.Linear(3, 3), nn.Softplus(), nn.Linear(3, 1))
    x = torch.randn(2, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean(), dict(critic.named_parameters())


def elman() -> Built:
    return _loss(nn.RNN(2, 3, bidirectional=True), torch.randn(4, 1, 2))


def lstm() -> Built:
    return _loss(nn.LSTM(2, 3, num_layers=2), torch.randn(4, 2, 2))


def gru() -> Built:
    return _loss(nn.GRU(2, 3, batch_first=True), torch.randn(2, 4, 2))


def lstm_cells() -> Built:
    cell, last = nn.LSTMCell(2, 3), nn.Linear(3, 1)
    state = torch.zeros(1, 3), torch.zeros(1, 3)
    for x in torch.randn(4, 1, 2):
        state = cell(x, state)
    return last(state[0]).sum(), dict(nn.ModuleList([cell, last]).named_parameters())


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(4, 4, bias=False) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.query(x), self.key(x), self.value(x)
        mask = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        scores = (q @ k.transpose(1, 2) / 2).masked_fill(mask, -torch.inf)
        return scores.softmax(-1) @ v


def attention() -> Built:
    return _loss(_Attention(), torch.randn(1, 3, 4))


def multi_head_attention() -> Built:
    x = torch.randn(3, 1, 4)
    return _loss(nn.MultiheadAttention(4, 2), x, x, x)


def transformer_encoder() -> Built:
    return _loss(nn.TransformerEncoderLayer(4, 2, 6, 0.1, batch_first=True), torch.randn(2, 3, 4))


def transformer_decoder() -> Built:
    layer = nn.TransformerDecoderLayer(4, 2, 6, 0.0, activation="gelu")
    return _loss(layer, torch.randn(3, 1, 4), torch.randn(2, 1, 4))


def bag_of_words() -> Built:
    bag, last = nn.EmbeddingBag(6, 3, mode="mean"), nn.Linear(3, 2)
    words, starts = torch.tensor([1, 2, 2, 5]), torch.tensor([0, 2])
    loss = F.cross_entropy(last(bag(words, starts)), torch.tensor([0, 1]))
    return loss, dict(nn.ModuleList([bag, last]).named_parameters())


def tied_language_model() -> Built:
    words = nn.Embedding(5, 4)
    x = torch.tensor([[0, 1, 3]])
    scores = F.layer_norm(words(x), (4,)) @ words.weight.T
    return F.cross_entropy(scores[:, :-1].flatten(0, 1), x[:, 1:].flatten()), {"w": words.weight}


def siamese() -> Built:
    tower = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    a, b, c = (tower(torch.randn(2, 3)) for _ in range(3))
    loss = F.triplet_margin_loss(a, b, c) + (1 - F.cosine_similarity(a, b)).mean()
    return loss, dict(tower.named_parameters())


def mixture_of_experts() -> Built:
    gate, experts = nn.Linear(3, 2), nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 1)])
    x = torch.randn(4, 3)
    weights = gate(x).softmax(1)
    mixed = sum(weights[:, i, None] * expert(x) for i, expert in enumerate(experts))
    return mixed.square().sum(), dict(nn.ModuleList([gate, experts]).named_parameters())


def graph_network() -> Built:
    first, second = nn.Linear(2, 3), nn.Linear(3, 1)
    neighbours = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    h = torch.relu(first(torch.randn(4, 2)))
    gathered = torch.zeros_like(h).index_add(0, neighbours[1], h[neighbours[0]])
    return second(gathered).mean(), dict(nn.ModuleList([first, second]).named_parameters())


def coupling_flow() -> Built:
    net = nn.Linear(1, 2)
    a, b = torch.randn(3, 2).split(1, dim=1)
    scale, shift = net(a).unbind(1)
    drawn = torch.stack([a[:, 0], b[:, 0] * torch.exp(scale) + shift])
    return (0.5 * drawn**2).sum() - scale.sum(), dict(net.named_parameters())


def euler_steps() -> Built:
    field = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    x = torch.tensor([1.0, 0.0])
    for _ in range(5):
        x = x + 0.1 * field(x)
    return (x - 1).abs().sum(), dict(field.named_parameters())


def style_matrix() -> Built:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.GroupNorm(3, 3), nn.InstanceNorm2d(3), nn.Mish())
    features = net(torch.randn(1, 1, 5, 5)).flatten(2)
    return (features @ features.mT).norm(), dict(net.named_parameters())


def speech() -> Built:
    net = nn.Linear(2, 4)
    scores = net(torch.randn(6, 1, 2)).log_softmax(2)
    loss = F.ctc_loss(scores, torch.tensor([[1, 2]]), torch.tensor([6]), torch.tensor([2]))
    return loss, dict(net.named_parameters())


def duelling_values() -> Built:
    value, advantage = nn.Linear(3, 1), nn.Linear(3, 2)
    x = torch.randn(4, 3)
    a = advantage(x)
    q = value(x) + a - a.mean(dim=1, keepdim=True)
    taken = q.gather(1, torch.tensor([[0], [1], [1], [0]]))
    loss = F.smooth_l1_loss(taken, torch.ones(4, 1)) + F.huber_loss(q.max(1).values, torch.ones(4))
    return loss, dict(nn.ModuleList([value, advantage]).named_parameters())


ARCHITECTURES: dict[str, Callable[[], Built]] = {
    build.__name__: build
    for build in (
        mlp,
        convolutional,
        residual,
        dense_block,
        depthwise_separable,
        inception,
        squeeze_and_excitation,
        u_net,
        autoencoder,
        variational_autoencoder,
        generator_and_critic,
        gradient_penalty,
        elman,
        lstm,
        gru,
        lstm_cells,
        attention,
        multi_head_attention,
        transformer_encoder,
        transformer_decoder,
        bag_of_words,
        tied_language_model,
        siamese,
        mixture_of_experts,
        graph_network,
        coupling_flow,
        euler_steps,
        style_matrix,
        speech,
        duelling_values,
    )
}
