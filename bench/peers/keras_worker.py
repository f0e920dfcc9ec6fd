"""Training steps by Keras on TensorFlow: model.fit, as in the tutorials."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import tensorflow as tf
from keras import layers

import common

tf.config.threading.set_intra_op_parallelism_threads(common.threads())
tf.config.threading.set_inter_op_parallelism_threads(common.threads())


def network(name):
    match name:
        case "mnist-mlp":
            return [layers.Dense(32), layers.Activation("relu"), layers.Dense(10), layers.Activation("softmax")]
        case "mnist-cnn":
            return [layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"),
                    layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, activation="relu"),
                    layers.Dropout(0.5), layers.Dense(10, activation="softmax")]
        case "fashion-mlp":
            return [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]
        case "binary-mlp":
            return [layers.Dense(64, activation="relu"), layers.Dropout(0.5), layers.Dense(64, activation="relu"),
                    layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")]
        case "mnist-wide-mlp":
            return [layers.Dense(784, activation="relu"), layers.Dense(10, activation="softmax")]
        case "mnist-cnn-channels-first":
            return [layers.Conv2D(32, 5, activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.2),
                    layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]


class Enough(Exception):
    pass


class Clock(keras.callbacks.Callback):
    """Notes when each batch ends, and stops when the time is up."""

    def __init__(self, seconds, least):
        super().__init__()
        self.seconds, self.least, self.ends = seconds, least, []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(common.clocks())
        if len(self.ends) > self.least and self.ends[-1][0] - self.ends[0][0] > self.seconds:
            raise Enough


def trainer(name):
    batch, _, _, _, labels, optimizer = common.NETWORKS[name]
    x, y = common.examples(name)
    if name == "mnist-cnn-channels-first":
        x = x.reshape(-1, 28, 28, 1)  # TensorFlow's convolutions on the CPU have the channels last
    model = keras.Sequential([keras.layers.Input(x.shape[1:])] + network(name))
    loss = {"onehot": "categorical_crossentropy", "sparse": "sparse_categorical_crossentropy",
            "binary": "binary_crossentropy"}[labels]
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])

    def fit(seconds, least):
        clock = Clock(seconds, least)
        try:
            model.fit(x, y, batch_size=batch, epochs=1000, verbose=0, callbacks=[clock])
        except Enough:
            pass
        return clock.ends

    def run():
        fit(0, 1)

    def timed(seconds):
        return fit(seconds, 1)  # from the end of the first step, which comes with the start of fit

    run.timed = timed
    return run


common.serve(f"Keras {keras.__version__} on TensorFlow {tf.__version__}", None, trainer)
