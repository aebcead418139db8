"""Each name that a file of weights may have, against each reader: what `save_weights` and Keras write, `load_network` and Keras read, to the bit."""
import warnings

import numpy as np
import pytest

import mnist_ann as ma

SIZES = (784, 12, 11, 10)


def by_hand(layers=SIZES[1:], **names):
    "A plain Keras model, as people write one."
    import keras

    dense = [keras.layers.Dense(n, activation="relu" if k < len(layers) - 1 else "softmax", name=names.get(f"name{k}")) for k, n in enumerate(layers)]
    return keras.Sequential([keras.Input((SIZES[0],)), *dense])


def arrays_of(network):
    return [array for pair in zip(network.weights, network.biases) for array in pair]


def same(some, others):
    return len(some) == len(others) and all(np.array_equal(a, b) for a, b in zip(some, others))


@pytest.mark.parametrize("suffix", (".h5", ".hdf5", ".weights.h5"))
def test_what_is_saved_is_read_by_everybody(tmp_path, suffix):
    model = ma.build_model(SIZES[1:-1], seed=3)
    ma.save_weights(model, path := tmp_path / f"mine{suffix}")
    network = ma.load_network(path)
    assert same(arrays_of(network), model.get_weights()) and network.attributes["layer_sizes"] == list(SIZES)
    for other in (by_hand(), by_hand(name0="first", name2="last"), ma.build_model(SIZES[1:-1], seed=4)):
        assert not same(other.get_weights(), model.get_weights())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras misses the optimizer's state
            other.load_weights(path)
        assert same(other.get_weights(), model.get_weights())


@pytest.mark.parametrize("suffix", (".keras", ".npz", ".pkl", ""))
def test_no_file_has_a_name_under_which_it_cannot_be_read(tmp_path, suffix):
    with pytest.raises(ma.MnistAnnError, match=r"ends in \.weights\.h5, \.h5 or \.hdf5"):
        ma.save_weights(ma.build_model(()), tmp_path / f"mine{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("layers", (SIZES[1:], (10,), (7,) * 12 + (10,)))
def test_keras_weights_are_read(tmp_path, layers):
    model = by_hand(layers, name0="any_name")
    model.save_weights(path := tmp_path / "theirs.weights.h5")
    assert same(arrays_of(ma.load_network(path)), model.get_weights())


def test_other_files_of_keras_are_told_as_such(tmp_path):
    import keras

    model = by_hand()
    model.save(tmp_path / "whole.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "whole.h5")
    convolutional = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(10)])
    convolutional.save_weights(tmp_path / "convolutional.weights.h5")
    np.savez(tmp_path / "arrays.npz", W=np.zeros(3))
    for name, words in (("whole.keras", "save_weights('mine.weights.h5')"), ("whole.h5", "a whole model of Keras"), ("convolutional.weights.h5", "its layer conv2d"),
                        ("arrays.npz", "an archive of another program")):
        with pytest.raises(ma.MnistAnnError) as told:
            ma.load_network(tmp_path / name)
        assert words in str(told.value) and str(told.value).startswith(str(tmp_path / name)) and "\n" not in str(told.value)
