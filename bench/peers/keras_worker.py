"""Training steps by Keras on TensorFlow: model.fit, as in the tutorials."""
import math
import os
import threading
import time

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


class Gate(keras.callbacks.Callback):
    """Records when each batch ends, and lets fit continue only as far as requested."""

    def __init__(self):
        super().__init__()
        self.turn, self.wanted, self.marks, self.loss = threading.Condition(), 0, [], math.nan
        self.over, self.failed = False, None

    def on_train_batch_end(self, batch, logs=None):
        self.marks.append(time.perf_counter())
        self.loss = logs["loss"]  # the mean of the epoch so far
        if len(self.marks) > self.wanted:
            with self.turn:
                self.wanted = 0
                self.turn.notify_all()
                self.turn.wait_for(lambda: self.wanted or self.over)
            if self.over:
                raise Enough

    def take(self, count, start):
        """Lets fit take count steps. start, if not None, begins it."""
        with self.turn:
            self.marks, self.wanted = [time.perf_counter()], count
            if start:
                start()
            self.turn.notify_all()
            self.turn.wait_for(lambda: self.wanted == 0 or self.failed)
        if self.failed:
            raise self.failed
        return self.marks

    def end(self):
        with self.turn:
            self.over = True
            self.turn.notify_all()


class Fits:
    """Trains by model.fit, one call per training, in a thread that waits between requests."""

    def __init__(self, name):
        batch, _, _, labels, optimizer = common.NETWORKS[name]
        x, y = common.examples(name)
        self.data = common.fingerprint(name, x, y)
        if name == "mnist-cnn-channels-first":
            x = x.reshape(-1, 28, 28, 1)  # TensorFlow's convolutions on the CPU need the channels last
        keras.utils.set_random_seed(1)
        self.model = keras.Sequential([keras.layers.Input(x.shape[1:])] + network(name))
        loss = {"onehot": "categorical_crossentropy", "sparse": "sparse_categorical_crossentropy",
                "binary": "binary_crossentropy"}[labels]
        self.model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        self.model.optimizer.build(self.model.trainable_variables)
        self.state = [(v, v.numpy()) for v in self.model.variables + self.model.optimizer.variables]
        about = common.training(name)[1]
        self.options = {"batch_size": batch, "epochs": about["steps"] // about["epoch_steps"], "verbose": 0}
        self.x, self.y, self.gate = x, y, None

    def fresh(self):
        self.close()
        for variable, first in self.state:
            variable.assign(first)
        self.gate = Gate()
        self.thread = threading.Thread(target=self.fit, daemon=True)

    def fit(self):
        try:
            self.model.fit(self.x, self.y, callbacks=[self.gate], **self.options)
        except Enough:
            pass
        except Exception as e:
            with self.gate.turn:
                self.gate.failed = e
                self.gate.turn.notify_all()

    def take(self, count):
        return self.gate.take(count, None if self.thread.is_alive() else self.thread.start)

    def loss(self):
        return float(self.gate.loss)

    def close(self):
        if self.gate is not None:
            self.gate.end()
            self.thread.join()
            self.gate = None


common.serve(f"Keras {keras.__version__} on TensorFlow {tf.__version__}", None, Fits)
