"""A small neural network behind scikit-learn's contract, trained by PyTorch or by Keras, answered by NumPy.

    columns -> depth × (width units, ReLU) -> a number, or a score for each class

What is kept are settings and weights as plain arrays. So a model file holds no pickle, and a server neither imports
the library nor is forked with its threads. Other layers need their line in `scores`, too.
"""

from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from training import hosts
from training.checkpoint import NOWHERE, Checkpoints
from training.settings import Settings

VALIDATION = 0.1  # share of the rows that say when to stop


class Network(BaseEstimator):
    """Stops when `patience` epochs brought nothing, and keeps the best one.

    On several machines (PyTorch) each gives `fit` its share of the rows, and all get the same network.
    """

    def __init__(
        self,
        library: str,
        classify: bool = False,
        width: int = 64,
        depth: int = 2,
        dropout: float = 0.0,
        epochs: int = 100,
        patience: int = 10,
        batch_size: int = 256,
        learning_rate: float = 0.001,
        random_state: int = 0,
    ) -> None:
        self.library, self.classify = library, classify
        self.width, self.depth, self.dropout = width, depth, dropout
        self.epochs, self.patience = epochs, patience
        self.batch_size, self.learning_rate, self.random_state = batch_size, learning_rate, random_state

    def fit(self, X: Any, y: Any, checkpoints: Checkpoints = NOWHERE) -> "Network":
        """Numbers are learned as distances from their mean in standard deviations."""
        known: np.ndarray
        if self.classify:
            self.classes_ = _classes(np.asarray(y))
            known, self.outputs_ = np.searchsorted(self.classes_, np.asarray(y)), len(self.classes_)
        else:
            truth = np.asarray(y, float)
            (self.mean_, self.spread_), self.outputs_ = _moments(truth), 1
            known = ((truth - self.mean_) / self.spread_).astype(np.float32)[:, None]
        learn = import_module(f"training.frameworks.{self.library}").learn
        order = np.random.default_rng(self.random_state).permutation(len(known))
        weights = learn(self, _dense(X)[order].astype(np.float32), known[order], checkpoints)
        self.weights_ = [np.asarray(one, float) for one in weights]
        return self

    def predict(self, X: Any) -> np.ndarray:
        if self.classify:
            return self.classes_[self.scores(X).argmax(axis=1)]
        return self.scores(X)[:, 0] * self.spread_ + self.mean_

    def predict_proba(self, X: Any) -> np.ndarray:
        scores = self.scores(X)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def scores(self, X: Any) -> np.ndarray:
        """What the last layer says, (rows, outputs)."""
        values, layers = _dense(X), [*zip(self.weights_[::2], self.weights_[1::2], strict=True)]
        for number, (kernel, bias) in enumerate(layers, start=1):
            values = values @ kernel + bias
            values = np.maximum(values, 0) if number < len(layers) else values
        return values


def network(library: str, settings: Settings) -> Network:
    """The network that [model] asks for; its hyperparameters are those of `Network`, whoever trains it."""
    classify = settings.problem.type == "classification"
    return Network(library, classify, random_state=settings.data.seed)


def _classes(known: np.ndarray) -> np.ndarray:
    """The classes that any machine has."""
    return np.unique(
        np.concatenate([np.asarray(each, known.dtype) for each in hosts.here().every(np.unique(known).tolist())])
    )


def _moments(truth: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the rows of all machines."""
    told = hosts.here().every([len(truth), float(truth.mean()), float(truth.var())])
    counts, means, variances = (np.array(column) for column in zip(*told, strict=True))
    mean = float(np.average(means, weights=counts))
    return mean, float(np.average(variances + (means - mean) ** 2, weights=counts)) ** 0.5 or 1.0


def _dense(X: Any) -> np.ndarray:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, float)
