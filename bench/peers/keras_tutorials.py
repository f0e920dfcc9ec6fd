"""Runs tutorials in Keras, as `demo tutorial` runs them in baregrad, and prints
what they measure as JSON: a line for each epoch, and a last one for the test set.

    python bench/peers/keras_tutorials.py mnist-mlp --seeds 1 2 3
    python bench/peers/keras_tutorials.py mnist-cnn --seeds 1 --epochs 2 --data-dir DIR

The data are the files that baregrad reads: those in --data-dir, or the embedded
ones of MNIST. Networks, optimizers, batches and epochs are those of the tutorials
and of bench/peers/common.py. It needs Keras with TensorFlow (or, by KERAS_BACKEND,
JAX) and computes on --threads threads.
"""
import argparse
import gzip
import json
import os
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]


def idx(folder, name):
    """The array in an IDX file: type and rank in the first four bytes, then the sizes."""
    path = next(p for p in (folder / (name + ".gz"), folder / name) if p.exists())
    content = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    rank = content[3]
    shape = np.frombuffer(content, ">u4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def images(folder):
    """Pixels from 0 to 1, [n, 28, 28], and labels: of the training set and of the test set."""
    x, y, test_x, test_y = (idx(folder, name) for name in (
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"))
    return x.astype(np.float32) / 255, y.astype(np.int32), test_x.astype(np.float32) / 255, test_y.astype(np.int32)


def network(keras, name):
    """The layers, the loss, the optimizer, and the options of fit."""
    L, optimizers = keras.layers, keras.optimizers
    one_hot, sparse = "categorical_crossentropy", "sparse_categorical_crossentropy"
    if name == "mnist-mlp":
        layers = [L.Input((784,)), L.Dense(32), L.Activation("relu"), L.Dense(10), L.Activation("softmax")]
        return layers, one_hot, optimizers.RMSprop(learning_rate=0.001, rho=0.9, epsilon=1e-8), 1000, 20, False
    if name == "mnist-cnn":
        layers = [L.Input((28, 28, 1)), L.Conv2D(32, 3, activation="relu"), L.Conv2D(64, 3, activation="relu"),
                  L.MaxPooling2D(2), L.Dropout(0.25), L.Flatten(), L.Dense(128, activation="relu"), L.Dropout(0.5),
                  L.Dense(10, activation="softmax")]
        return layers, one_hot, "adam", 128, 5, True
    if name == "fashion-mlp":
        layers = [L.Input((28, 28)), L.Flatten(), L.Dense(128, activation="relu"), L.Dense(10, activation="softmax")]
        return layers, sparse, "adam", 32, 10, False
    if name == "mnist-wide-mlp":
        layers = [L.Input((784,)), L.Dense(784, activation="relu"), L.Dense(10, activation="softmax")]
        return layers, one_hot, "adam", 200, 10, True
    # TensorFlow convolves on the CPU with the channels last only; with one input
    # channel that is the same network but for the order in which Flatten puts its
    # features, which the weights are drawn without regard to.
    layers = [L.Input((28, 28, 1)), L.Conv2D(32, 5, activation="relu"), L.MaxPooling2D(2), L.Dropout(0.2), L.Flatten(),
              L.Dense(128, activation="relu"), L.Dense(10, activation="softmax")]
    return layers, one_hot, "adam", 200, 10, True


NAMES = ["mnist-mlp", "mnist-cnn", "fashion-mlp", "mnist-wide-mlp", "mnist-cnn-channels-first"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tutorial", nargs="+", choices=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--epochs", type=int, help="the tutorial's own number without it")
    parser.add_argument("--data-dir", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(o.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    for name in o.tutorial:
        folder = o.data_dir or ROOT / "mnist" / "data"
        if name == "fashion-mlp" and o.data_dir is None:
            parser.error("fashion-mlp needs --data-dir, a folder with Fashion-MNIST's four files")
        data = images(folder)
        for seed in o.seeds:
            run(keras, name, seed, o.epochs, *data)


def run(keras, name, seed, epochs, x, y, test_x, test_y):
    keras.utils.set_random_seed(seed)
    layers, loss, optimizer, batch, own_epochs, validate = network(keras, name)
    if loss == "categorical_crossentropy":
        y, test_y = keras.utils.to_categorical(y, 10), keras.utils.to_categorical(test_y, 10)
    model = keras.Sequential(layers)
    x, test_x = (a.reshape((len(a),) + model.input_shape[1:]) for a in (x, test_x))
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])

    def show(epoch, logs):
        values = {key: round(float(value), 6) for key, value in sorted(logs.items())}
        print(json.dumps({"tutorial": name, "seed": seed, "epoch": epoch + 1, **values}), flush=True)

    model.fit(x, y, batch_size=batch, epochs=epochs or own_epochs, verbose=0,
              validation_data=(test_x, test_y) if validate else None,
              callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=show)])
    test_loss, test_accuracy = model.evaluate(test_x, test_y, batch_size=250, verbose=0)
    print(json.dumps({"tutorial": name, "seed": seed, "keras": keras.__version__, "backend": keras.backend.backend(),
                      "test_loss": round(test_loss, 6), "test_accuracy": round(test_accuracy, 6)}), flush=True)


main()
