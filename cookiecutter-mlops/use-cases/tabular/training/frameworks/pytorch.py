"""Trains the small network with PyTorch, by skorch's loop; on the GPU where there is one."""

from itertools import pairwise

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from torch import nn

from training.frameworks import gpus
from training.frameworks.network import VALIDATION, Network, network
from training.settings import Settings


def estimator(settings: Settings) -> Network:
    return network("pytorch", settings)


def learn(asked: Network, inputs: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """The weights of the best epoch: a kernel (inputs, outputs) and a bias for each layer."""
    torch.manual_seed(asked.random_state)
    net = NeuralNet(
        module(asked, inputs.shape[1]),
        criterion=nn.CrossEntropyLoss if asked.classify else nn.MSELoss,
        optimizer=torch.optim.Adam,
        lr=asked.learning_rate,
        max_epochs=asked.epochs,
        batch_size=asked.batch_size,
        iterator_train__shuffle=True,
        train_split=ValidSplit(VALIDATION, random_state=asked.random_state),
        callbacks=[EarlyStopping(patience=asked.patience, load_best=True)],
        device="cuda" if gpus() else "cpu",
        verbose=0,
    ).fit(inputs, known)
    weights = [one.detach().cpu().numpy() for one in net.module_.parameters()]
    return [one.T if one.ndim == 2 else one for one in weights]


def module(asked: Network, columns: int) -> nn.Module:
    """The layers, untrained."""
    sizes, layers = [columns, *[asked.width] * asked.depth], list[nn.Module]()
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(asked.dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], asked.outputs_))
