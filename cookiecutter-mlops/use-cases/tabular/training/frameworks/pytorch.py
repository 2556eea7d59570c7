"""Trains the small network with PyTorch, by skorch's loop; on the GPU where there is one, on several machines together.

Each machine has its share of the rows; all begin with the same weights and take the same steps, along the mean of
their gradients: data-parallel training, as Li et al., PyTorch Distributed (2020), describe it.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import ValidSplit
from torch import nn

from training import hosts
from training.frameworks import gpus
from training.frameworks.network import VALIDATION, Network, network
from training.settings import Settings


def estimator(settings: Settings) -> Network:
    return network("pytorch", settings)


def learn(asked: Network, inputs: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """The weights of the best epoch: a kernel (inputs, outputs) and a bias for each layer."""
    machines = hosts.here()
    # All take as many steps: where one has fewer rows, its first ones come again, as in DistributedSampler of PyTorch.
    rows = np.resize(np.arange(len(known)), max(machines.every(len(known))))
    with machines.process_group():
        net = trainer(asked, inputs.shape[1], [Averaging()] if len(machines) > 1 else []).fit(inputs[rows], known[rows])
    weights = [one.detach().cpu().numpy() for one in net.module_.parameters()]
    return [one.T if one.ndim == 2 else one for one in weights]


def trainer(asked: Network, columns: int, callbacks: list[Callback], **changes: Any) -> NeuralNet:
    """The loop, untrained: the same for the same seed."""
    torch.manual_seed(asked.random_state)
    return NeuralNet(
        module(asked, columns),
        criterion=nn.CrossEntropyLoss if asked.classify else nn.MSELoss,
        optimizer=torch.optim.Adam,
        lr=asked.learning_rate,
        max_epochs=asked.epochs,
        batch_size=asked.batch_size,
        iterator_train__shuffle=True,
        train_split=ValidSplit(VALIDATION, random_state=asked.random_state),
        callbacks=[*callbacks, EarlyStopping(patience=asked.patience, load_best=True)],
        device="cuda" if gpus() else "cpu",
        verbose=0,
    ).set_params(**changes)


class Averaging(Callback):
    """Every machine goes along the mean gradient of all rows of a step, and stops when all of them do."""

    def on_grad_computed(self, net: NeuralNet, named_parameters: Any, y: Any = None, **_: Any) -> None:
        gradients = [one.grad for _, one in named_parameters]
        rows = gradients[0].new_full((1,), len(y))
        told = _summed(torch.cat([one.ravel() * rows for one in gradients] + [rows]))
        for one, mean in zip(gradients, (told[:-1] / told[-1]).split([one.numel() for one in gradients]), strict=True):
            one.copy_(mean.view_as(one))

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        loss = torch.tensor([net.history[-1, "valid_loss"]], dtype=torch.float64)
        net.history.record("valid_loss", float(_summed(loss)) / torch.distributed.get_world_size())


def _summed(values: torch.Tensor) -> torch.Tensor:
    """The sum over all machines."""
    everywhere = values.cpu()
    torch.distributed.all_reduce(everywhere)
    return everywhere.to(values.device)


def module(asked: Network, columns: int) -> nn.Module:
    """The layers, untrained."""
    sizes, layers = [columns, *[asked.width] * asked.depth], list[nn.Module]()
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(asked.dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], asked.outputs_))
