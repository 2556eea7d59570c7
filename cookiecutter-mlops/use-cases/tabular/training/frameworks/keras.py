"""Trains the small network with Keras, on TensorFlow or what KERAS_BACKEND names, which finds a GPU by itself."""

import keras
import numpy as np

from training.checkpoint import Checkpoints
from training.frameworks.network import VALIDATION, Network, network
from training.settings import Settings


def estimator(settings: Settings) -> Network:
    """The network, by Keras on TensorFlow."""
    return network("keras", settings)


def learn(asked: Network, inputs: np.ndarray, known: np.ndarray, checkpoints: Checkpoints) -> list[np.ndarray]:
    """The weights of the best epoch: a kernel (inputs, outputs) and a bias for each layer.

    It keeps no checkpoints: an interrupted training begins again.
    """
    keras.utils.set_random_seed(asked.random_state)
    made = model(asked, inputs.shape[1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if asked.classify else "mean_squared_error"
    made.compile(optimizer=keras.optimizers.Adam(asked.learning_rate), loss=loss)
    stop = keras.callbacks.EarlyStopping(patience=asked.patience, restore_best_weights=True)
    made.fit(
        inputs,
        known,
        batch_size=asked.batch_size,
        epochs=asked.epochs,
        validation_split=VALIDATION,
        callbacks=[stop],
        verbose=0,
    )
    return made.get_weights()


def model(asked: Network, columns: int) -> keras.Model:
    """The layers, untrained."""
    made = keras.Sequential([keras.Input((columns,))])
    for _ in range(asked.depth):
        made.add(keras.layers.Dense(asked.width, activation="relu"))
        made.add(keras.layers.Dropout(asked.dropout))
    made.add(keras.layers.Dense(asked.outputs_))
    return made
