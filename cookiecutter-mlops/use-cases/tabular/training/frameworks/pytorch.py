"""Trains the small network with PyTorch, by skorch's loop; on the GPU where there is one, on several machines together.

Each machine has its share of the rows; all begin with the same weights and take the same steps, along the mean of
their gradients: data-parallel training, as Li et al., PyTorch Distributed (2020), describe it.
"""

import io
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import ValidSplit
from torch import nn

from training import hosts
from training.checkpoint import NOWHERE, Checkpoints
from training.frameworks import gpus
from training.frameworks.network import VALIDATION, Network, network
from training.settings import Settings

KEPT_EPOCHS = 10  # between two checkpoints


def estimator(settings: Settings) -> Network:
    """The network, by PyTorch and skorch."""
    return network("pytorch", settings)


def learn(
    asked: Network, inputs: np.ndarray, known: np.ndarray, checkpoints: Checkpoints = NOWHERE
) -> list[np.ndarray]:
    """The weights of the best epoch: a kernel (inputs, outputs) and a bias for each layer."""
    machines = hosts.here()
    # All take as many steps: where one has fewer rows, its first ones come again, as in DistributedSampler of PyTorch.
    rows = np.resize(np.arange(len(known)), max(machines.every(len(known))))
    averaging = [Averaging()] if len(machines) > 1 else []
    machines.join()
    net = trainer(asked, inputs.shape[1], averaging, checkpoints).fit(inputs[rows], known[rows])
    weights = [one.detach().cpu().numpy() for one in net.module_.parameters()]
    return [one.T if one.ndim == 2 else one for one in weights]


def trainer(
    asked: Network, columns: int, callbacks: list[Callback], checkpoints: Checkpoints = NOWHERE, **changes: Any
) -> NeuralNet:
    """The loop, untrained: the same for the same seed."""
    torch.manual_seed(asked.random_state)
    stop = EarlyStopping(patience=asked.patience, load_best=True)
    return NeuralNet(
        module(asked, columns),
        criterion=nn.CrossEntropyLoss if asked.classify else nn.MSELoss,
        optimizer=torch.optim.Adam,
        lr=asked.learning_rate,
        max_epochs=asked.epochs,
        batch_size=asked.batch_size,
        iterator_train__shuffle=True,
        train_split=ValidSplit(VALIDATION, random_state=asked.random_state),
        callbacks=[*callbacks, stop, Keep(checkpoints, stop)],
        device="cuda" if gpus() else "cpu",
        verbose=0,
    ).set_params(**changes)


class Averaging(Callback):
    """Every machine goes along the mean gradient of all rows of a step, and stops when all of them do."""

    def on_grad_computed(self, net: NeuralNet, named_parameters: Any, batch: Any, **_: Any) -> None:
        gradients = [one.grad for _, one in named_parameters]
        rows = gradients[0].new_full((1,), len(batch[1]))
        told = _summed(torch.cat([one.ravel() * rows for one in gradients] + [rows]))
        for one, mean in zip(gradients, (told[:-1] / told[-1]).split([one.numel() for one in gradients]), strict=True):
            one.copy_(mean.view_as(one))

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        loss = torch.tensor([net.history[-1, "valid_loss"]], dtype=torch.float64)
        net.history.record("valid_loss", float(_summed(loss)) / torch.distributed.get_world_size())


class Keep(Callback):
    """Keeps all that a training is after some epochs; what goes on from it ends as if nothing had happened.

    The machines of a job have the same state, random numbers included: all go on from that of the first one.
    """

    def __init__(self, checkpoints: Checkpoints, stop: EarlyStopping) -> None:
        self.checkpoints, self.stop = checkpoints, stop

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        newest = self.checkpoints.newest() or (0, b"")
        if content := hosts.here().gather(newest[1])[0]:
            self._go_on(net, np.load(io.BytesIO(content)))

    def _go_on(self, net: NeuralNet, state: Any) -> None:
        parts: dict[str, dict[str, Any]] = {"module": {}, "best": {}, "random": {}, "adam": {}}
        for name in (name for name in state if "/" in name):
            part, _, rest = name.partition("/")
            parts[part][rest] = torch.from_numpy(state[name])
        net.module_.load_state_dict(parts["module"])
        steps: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in parts["adam"].items():
            steps.setdefault(int(name.split("/")[0]), {})[name.split("/")[1]] = value
        net.optimizer_.load_state_dict(net.optimizer_.state_dict() | {"state": steps})
        self.stop.misses_, self.stop.best_epoch_ = int(state["misses"]), int(state["best_epoch"])
        self.stop.dynamic_threshold_, self.stop.best_model_weights_ = float(state["threshold"]), parts["best"]
        for epoch in range(1, int(state["epoch"]) + 1):
            net.history.new_epoch()
            net.history.record("epoch", epoch)
        net.max_epochs -= int(state["epoch"])
        _draw_from([*parts["random"].values()])

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        epoch, stop = len(net.history), self.stop
        if epoch % KEPT_EPOCHS:
            return
        steps = net.optimizer_.state_dict()["state"]
        adam = {f"{one}/{name}": value for one, values in steps.items() for name, value in values.items()}
        random = {str(place): value for place, value in enumerate(_drawn())}
        parts = {"module": net.module_.state_dict(), "best": stop.best_model_weights_, "random": random, "adam": adam}
        state = {f"{part}/{name}": one.cpu().numpy() for part, values in parts.items() for name, one in values.items()}
        facts = {"misses": stop.misses_, "best_epoch": stop.best_epoch_, "threshold": stop.dynamic_threshold_}
        content = io.BytesIO()
        np.savez(content, **state, **facts, epoch=epoch)
        self.checkpoints.save(epoch, content.getvalue())


def _drawn() -> list[torch.Tensor]:
    """Where random numbers stand, on the CPU and on each GPU."""
    return [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]


def _draw_from(states: list[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    torch.cuda.set_rng_state_all(states[1:])


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
