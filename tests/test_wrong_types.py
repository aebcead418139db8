"""Every public function with the likeliest wrong arguments, one at a time: a result, or one short line of the kind `MnistAnnError`."""
import inspect
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mnist_ann as ma

NEEDS_NONE = {"load_mnist", "load_pretrained", "figure_style"}  # take no argument
PICTURES = {name for name in ma.__all__ if getattr(getattr(ma, name), "__module__", "") == "mnist_ann.pictures"}  # tests of their own: tests/fuzz_arrays.py
LONGEST = 300


@cache
def right_calls():
    "For each public function: it, and arguments that it takes."
    _, test = ma.load_mnist()
    digits = test[:120]
    few, said = digits.images, digits.labels
    X, Y = ma.normalize(few), ma.one_hot(said)
    small = ma.initialize((784, 4, 10))
    tiny = ma.initialize((3, 2, 2), dtype=np.float64)
    logits = small.logits(few)
    report = ma.evaluate(small, digits)
    history = ma.History([2.0, 1.0], [0.5, 0.6], [2.0, 1.5], [0.5, 0.6], [[0.1], [0.1]], [[0.1, 0.2], [0.1, 0.2]], [1.0, 1.0], {"epochs": 2, "patience": None}, 2)
    recipe = ma.Recipe((4,), epochs=1)
    ink = np.pad(few[0] / 255.0, 4)
    tX, tY = np.ones((2, 3)) / 2, np.eye(2)
    passed = ma.forward(tiny, tX)
    tried = pd.DataFrame({"units": [4, 8, 16, 32], "parameters": [1, 2, 3, 4], "outcome": "finished", "epochs": 1, "val_accuracy": [0.5, 0.6, 0.7, 0.8], "val_loss": 1.0, "seconds": 1.0, "ended": [1.0, 2.0, 3.0, 4.0]})
    calls = {
        "plot_digits": (few, said), "average_digits": (digits,), "normalize": (few,), "one_hot": (said, 10), "split": (digits, 20, 0),
        "relu": (logits,), "softmax": (logits,), "cross_entropy": (logits, Y), "initialize": ((784, 4, 10), 0), "forward": (small, X),
        "backward": (tiny, *passed, tY), "gradient_check": (tiny, tX, tY), "sgd_step": (tiny, ma.backward(tiny, *passed, tY), 0.1), "shuffled": (5, 0, 1),
        "train_by_hand": (small, digits, digits, 1), "to_network": (small,), "to_keras": (small, 0.01), "build_model": ((4,), 0),
        "learning_rates": (0.1, 3, 0, 2), "plot_history": (history,), "plot_comparison": ({"one": history}, "title"), "plot_layers": (history,),
        "evaluate": (small, digits), "plot_confusion_matrix": (report,), "digit_scores": (report,), "plot_mistakes": (report, 5), "whose_fault": (report,),
        "plot_reliability": (report,), "calibrate": (small, digits), "report_to_dict": (report,),
        "cut_to_ink": (ink,), "shrink_to_20": (ink,), "centre_by_mass": (ink[:20, :20],), "fit_and_centre": (ink,), "energy": (logits,),
        "plot_weights": (X[:5], ["one"] * 5), "layer_outputs": (small, few), "pixel_slopes": (small, few, Y), "maximize_score": (small, [3, 4], 2), "integrated_gradients": (small, few, said, 2),
        "occlusion": (small, few[0], 3, 5), "plot_map": (X[:, 400:402], said), "fgsm": (small, few, said, 0.1), "pgd": (small, few, said, 0.1, 2), "switch_off": (small, 1, [0]),
        "prune": (small, 0.5), "quantize": (small, 4), "suspicious_labels": (ma.softmax(logits), said),
        "set_thresholds": (small, digits), "read_idx": ("x-idx3-ubyte",), "map_idx": ("x-idx3-ubyte",), "load_idx": ("idx",), "load_digits": ((few, said),),
        "write_idx": ("x-idx3-ubyte", few), "save_weights": (small, "x.h5"), "load_network": ("x.h5",), "export": (small, "x.onnx"),
        "distort": (few, ma.Distortion(), 0), "drawn_digits": (12, 0), "non_digits": (digits, 5, 0), "load_recipe": ("fast",), "train_recipe": (recipe, digits, digits), "train_teacher": (digits, digits, ma.Distortion(), 1),
        "train": (ma.build_model((4,)), digits, digits, 1), "pad_page": (small, "int8"), "what_if": (partial(ma.plot_weights, X[:5]),),
        "tune": ({"units": (4, 8)}, digits, digits, digits, 1, 1), "plot_search": (tried,), "plot_settings": (tried,), "plot_parallel": (tried, 2), "plot_importance": (tried,),
        "setting_importance": (tried, 0), "train_on_workers": (small, digits, digits, 2, 1), "predict_dataset": ("x-idx3-ubyte", "answers", small, 1),
        "load_pieces": ("my_network.py",), "compare_pieces": ({"relu": np.abs},), "train_with_pieces": ({"softmax": ma.softmax}, small, digits, digits),
    }
    objects = {"Digits": (few, said), "Network": (small.weights, small.biases), "Distortion": (),
               "Network.logits": (few,), "Network.predict": (few,), "Network.predict_proba": (few,)}
    methods = {f"Network.{name}": getattr(small, name) for name in ("logits", "predict", "predict_proba")}
    return {name: (methods.get(name) or getattr(ma, name, None), arguments) for name, arguments in {**calls, **objects}.items()}


@cache
def wrong_arguments():
    "What people pass by mistake."
    _, test = ma.load_mnist()
    images, labels = test.images[:30], test.labels[:30]
    return {"None": None, "a text": "text", "a number": 3, "a share": 0.5, "a list": [1, 2], "an array": np.zeros((3, 5)), "a pair": (images, labels), "images": images,
            "a Keras model": ma.build_model((4,)), "a Network": ma.initialize((784, 4, 10)), "Digits": test[:30], "a table": pd.DataFrame({"label": [1]}),
            "a missing path": Path("no/such/file"), "an object": object(), "a long text": "x" * 80_000, "a class": dict}


def public_functions():
    return {name for name in ma.__all__ if inspect.isfunction(getattr(ma, name)) and not name.startswith("check_")} - NEEDS_NONE - PICTURES


@pytest.fixture(scope="module")
def calls():
    return right_calls()


def outcome(function, arguments):
    "What is wrong with what happens, or None."
    import matplotlib.pyplot as plt

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*arguments)
    except ma.MnistAnnError as error:
        text = str(error)
        if len(text) > LONGEST or "\n" in text or "array(" in text:
            return f"says in {len(text)} characters: {text[:150]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    finally:
        plt.close("all")


def test_every_public_function_is_tried(calls):
    assert public_functions() - set(calls) == set()


@pytest.mark.parametrize("name", sorted(right_calls()))
def test_wrong_arguments_are_refused_in_one_line(calls, name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")  # where the extra `scale` is installed, too, nothing is started here
    ma.write_idx("x-idx3-ubyte", np.zeros((2, 28, 28), np.uint8))
    Path("my_network.py").write_text("def relu(z):\n    return z\n")
    ma.save_weights(ma.initialize((784, 4, 10)), "x.h5")
    function, right = calls[name]
    faults = []
    for place in range(len(right)):
        for what, wrong in wrong_arguments().items():
            arguments = (*right[:place], wrong, *right[place + 1:])
            if fault := outcome(function, arguments):
                faults.append(f"{name}, argument {place + 1}, {what}: {fault}")
    assert not faults, f"{len(faults)} of them\n" + "\n".join(faults)


def needs(module):
    "A function that breaks down since a module is not installed."
    def read(path):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    return ma._refusing(read)


def test_a_module_of_the_extra_train_is_named_with_it_and_any_other_as_python_does():
    with pytest.raises(ma.MnistAnnError, match=r"read needs sklearn, .* pip install 'mnist_ann\[train\]'"):
        needs("sklearn.metrics")("a.h5")
    with pytest.raises(ModuleNotFoundError, match="wandb") as caught:  # one that somebody's own function imports
        needs("wandb")("a.h5")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("given", [(), ("a.h5", "b.h5")])
def test_one_argument_too_few_or_too_many_is_told_as_python_tells_it(given):
    with pytest.raises(TypeError, match="positional argument") as caught:
        ma.load_network(*given)
    assert caught.value.__context__ is None
