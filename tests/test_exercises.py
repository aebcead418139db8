"""Every exercise's check: which answers it takes, which it refuses and for what, and that it never raises anything but a hint."""
import json
import re
import traceback
from functools import partial, wraps
from math import comb
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from test_prose import checks_called, section
from test_repository import CHAPTERS, ROOT, by_name
from threadpoolctl import threadpool_limits
from traitlets.config import Config

import mnist_ann as ma
from mnist_ann import exercises

CHECKS = sorted(name for name in vars(exercises) if name.startswith("check_"))
CASES = {}  # the name of a check -> a function that returns (right answers, {wrong answer's words: wrong answer}, what no hint may hold)


def case(function):
    "The cases of the check of this name; a chapter of the workshop adds its own in the same way."
    CASES[f"check_{function.__name__}"] = function
    return function


class Two(tuple):
    "The answer to a check that takes two."


def given_to(answer):
    return answer if isinstance(answer, Two) else (answer,)


def wrong(*pairs):
    "Pairs of a wrong answer and the words of its hint."
    return list(pairs)


# ---------------------------------------------------------------------------------------------------------------- 01 Data


@case
def header():
    right = [0, 0, 8, 1, 0, 0, 39, 16]
    return [right, tuple(right), np.array(right), bytes(right), [float(byte) for byte in right]], wrong(
        ([0, 0, 8, 3, 0, 0, 39, 16], "one dimension only"), ([0, 0, 8, 1, 16, 39, 0, 0], "most significant"),
        ([0, 0, 8, 1, 0, 0, 16, 39], "most significant"), ([0, 0, 8, 1, 39, 16, 0, 0], "most significant"),
        ([0, 0, 8, 1, 0, 0, 0, 10_000], "ends at 255"), ([0, 0, 8, 1, 0, 0, 39.0625, 0], "whole number"),
        ([0, 0, 8, 1, 0, 0, 100, 0], "left over"), ([0, 0, 8, 1, 10_000], "Eight numbers"), ([8, 0, 0, 1, 0, 0, 39, 16], "begins with"),
        (["0x00"] * 8, "made of numbers"), (10_000, "list of numbers"), ({0, 8, 1, 39, 16}, "made of numbers"),
        ([0, 0, 8, 1, 0, 0, 39, 17], "left over"), ([0, 0, 8, 1, 0, 0, -39, 16], "ends at 255")), ["39, 16"]


@case
def longer_examination():
    tosses = np.random.default_rng(0).binomial(10_000, 0.5, 200)
    best = 100 * tosses.max() / 10_000
    return [best, np.float32(best), round(best, 1), np.array(best)], wrong(
        (tosses, "all 200 people"), (tosses.tolist(), "all 200 people"), (100 * tosses / 10_000, "all 200 people"), (tosses.max(), "per cent"),
        (tosses.max() / 10_000, "In per cent"), (50, "average tosser"), (100 * tosses.mean() / 10_000, "average tosser"),
        (64, "a tenth of the luck"), (53.5, "simulate it"), (49.2, "average tosser"), ([51.4], "one number"), ("51.4 %", "made of numbers")), ["51."]


@case
def scrambled():
    on_valid, on_test = exercises._nearest_average()
    return [on_valid, np.float32(on_valid), round(on_valid, 3)], wrong(
        (100 * on_valid, "from 0 to 1"), (on_test, "test digits"), (0.1, "So low?"), (0.7, "Does the order"), (1, "Does the order"),
        (f"{on_valid:.1%}", "made of numbers"), (1 - on_valid, "So low?"), (-on_valid, "from 0 to 1")), [f"{on_valid:.3f}", f"{100 * on_valid:.1f}"]


@case
def more_neighbours():
    scores = exercises._more_neighbours()
    return [scores, tuple(scores), np.array(scores, np.float32)], wrong(
        (scores[::-1], "The order is"), ([*scores[:2], 1.0], "Too good"), ([1 - score for score in scores], "Those are the mistakes"),
        ([100 * score for score in scores], "from 0 to 1"), ([0.2, 0.3, 0.4], "largest product"), (scores[:2], "Three numbers"), (scores[2], "list of numbers"),
        (dict(zip((500, 5000, 50_000), scores)), "made of numbers"), ([scores], "list of numbers"), ([0.8, 0.9, np.nan], "made of numbers")), \
        [f"{score:.3f}" for score in scores]


def moved_to_middle(image, centre=None, toward=round, wraps=False, dtype=np.uint8, shift=0):
    ink = image.astype(float)
    middle = [(places * ink).sum() / ink.sum() for places in np.indices(image.shape)] if centre is None else centre(image)
    down, right = (int(toward(14 - place)) + shift for place in middle)
    if wraps:
        return np.roll(image, (down, right), (0, 1)).astype(dtype)
    padded = np.pad(image, 60)
    return padded[60 - down:88 - down, 60 - right:88 - right].astype(dtype)


@case
def recentred():
    def by_scipy(image):
        from scipy.ndimage import center_of_mass, shift
        return shift(image, np.round(14 - np.array(center_of_mass(image))), order=0)

    def in_bytes(image):
        rows, columns = np.indices(image.shape, np.uint8)
        return [float((places * image).sum()) / max(float(image.sum()), 1) for places in (rows, columns)]

    def erases(image):
        moved = moved_to_middle(image)
        image[:] = 0
        return moved

    return [moved_to_middle, by_scipy, partial(moved_to_middle, toward=np.round)], wrong(
        (lambda image: image, "must arrive at"), (partial(moved_to_middle, shift=1), "must arrive at"),
        (partial(moved_to_middle, centre=lambda image: np.argwhere(image).mean(axis=0)), "Weigh each pixel"),
        (partial(moved_to_middle, centre=lambda image: (np.argwhere(image).min(axis=0) + np.argwhere(image).max(axis=0)) / 2), "Weigh each pixel"),
        (partial(moved_to_middle, centre=in_bytes), "in bytes"), (partial(moved_to_middle, toward=int), "nearest whole pixel"),
        (partial(moved_to_middle, toward=np.floor), "nearest whole pixel"), (partial(moved_to_middle, wraps=True), "over the edge"),
        (partial(moved_to_middle, dtype=float), "uint8"), (lambda image: moved_to_middle(image).T, "Rows and columns"),
        (lambda image: moved_to_middle(image)[None], "one picture"), (lambda image: (moved_to_middle(image) > 0).astype(np.uint8), "must arrive at"),
        (erases, "changes the image"), (moved_to_middle(np.eye(28)), "Give the function recentred itself"),
        (lambda image: moved_to_middle(image[None]), "raised"), (lambda images, M: images, "what stands in recentred(image)")), []


# ------------------------------------------------------------------------------------------------- 02 The network by hand


@case
def two_doubts():
    answer = -np.log([0.5, 0.01]).mean()
    return [answer, np.float32(answer), 2.65, 2.649, np.array(answer)], wrong(
        (-np.log(0.255), "mean of the prices"), (-np.log10([0.5, 0.01]).mean(), "natural logarithm"), (-np.log2([0.5, 0.01]).mean(), "natural logarithm"),
        (-answer, "positive"), (2 * answer, "sum of the two"), (-np.log(0.01), "one half"), (-np.log(0.5), "one half"), (0.255, "Average two prices"),
        (3, "Average two prices"), ([0.693, 4.605], "one number"), (0, "positive")), ["2.65", "2.649"]


def softened_by(logits, T, largest=lambda scaled: scaled.max(axis=1, keepdims=True), axis=1, after=lambda P, T: P):
    scaled = logits / T
    powers = np.exp(scaled - largest(scaled))
    return after(powers / powers.sum(axis=axis, keepdims=True), T)


@case
def softened():
    def again(P, T):
        powers = P**(1 / T)
        return powers / powers.sum(axis=1, keepdims=True)

    def in_place(logits, T):
        logits /= T
        return softened_by(logits, 1)

    return [softened_by, lambda z, T: softened_by(z.astype(np.float32), T), lambda z, T: softened_by(z, T).tolist(),
            lambda z, T: np.exp(z / T - np.logaddexp.reduce(z / T, axis=1, keepdims=True))], wrong(
        (lambda z, T: softened_by(z, 1, after=again, largest=lambda s: s.max(axis=1, keepdims=True)) if T == 1 else again(softened_by(z, 1), T), "before softmax"),
        (lambda z, T: softened_by(z, 1) / T, "add up to 1"), (lambda z, T: softened_by(z, 1 / T), "more equal"), (lambda z, T: softened_by(z, 1), "count half"),
        (lambda z, T: softened_by(z, T, largest=lambda scaled: 0), "overflow"), (lambda z, T: softened_by(z, T, largest=np.max), "largest score of each row"),
        (lambda z, T: softened_by(z, T, largest=lambda scaled: scaled.max(axis=0)), "softmax of the scores"),
        (lambda z, T: softened_by(np.clip(z / T, -300, 300), 1), "cut scores"), (lambda z, T: np.nan_to_num(softened_by(z, T, largest=lambda scaled: 0)), "cut scores"),
        (lambda z, T: softened_by(z, T, largest=lambda scaled: 0, after=lambda P, T: P + 1e-9), "overflow"),
        (lambda z, T: softened_by(z, T, axis=0), "add up to 1"), (lambda z, T: np.log(softened_by(z, T)), "add up to 1"),
        (lambda z, T: softened_by(z, T)[0], "have that shape"), (lambda z, T: softened_by(z, T).argmax(axis=1), "have that shape"),
        (in_place, "changes the logits"), (softened_by(np.eye(3), 2), "Give the function softened itself"), (lambda z: softened_by(z, 2), "what stands in"),
        (lambda z, T: softened_by(z, 2.0), "With T"), (lambda z, T: softened_by(z, T**2), "With T"), (lambda z, T: softened_by(z, T, after=lambda P, T: P.round(2)), "1")), []


@case
def squared_price():
    def in_place(Z, Y):
        Z -= Y
        return 2 * Z / len(Y)

    return [lambda Z, Y: 2 * (Z - Y) / len(Y), lambda Z, Y: (2 * (Z - Y) / len(Y)).tolist(), lambda Z, Y: (2 * (Z - Y) / len(Y)).astype(np.float32)], wrong(
        (lambda Z, Y: 2 * (Z - Y), "mean over them"), (lambda Z, Y: (Z - Y) / len(Y), "slope of its own"), (lambda Z, Y: 2 * (Y - Z) / len(Y), "turned round"),
        (lambda Z, Y: 2 * (Z - Y) / Z.size, "finite differences say"), (lambda Z, Y: (Z - Y)**2 / len(Y), "finite differences say"),
        (lambda Z, Y: ((Z - Y)**2).sum(axis=1).mean(), "One slope for each score"), (lambda Z, Y: 2 * (Z - Y).mean(axis=0), "One slope for each score"),
        (lambda Z, Y: 2 * (softened_by(Z, 1) - Y) / len(Y), "finite differences say"), (lambda Z, Y: 2 * (Z - Y) / 4, "finite differences say"),
        (lambda Z, Y: 2 * (Z - Y) / Z.shape[1], "finite differences say"), (in_place, "changes the Z"), (np.eye(3), "Give the function slope itself"),
        (lambda Z, Y: 2 * abs(Z - Y) / len(Y), "finite differences say"), (lambda Z, Y: 2 * Z / len(Y), "finite differences say")), []


@case
def leaky_relu():
    leak, slope = lambda z: np.where(z > 0, z, z / 100), lambda z: np.where(z > 0, 1, 0.01)

    def in_place(z):
        z[z < 0] /= 100
        return z

    return [Two((leak, slope)), Two((lambda z: np.maximum(z, 0.01 * z), lambda z: (z > 0) + 0.01 * (z <= 0))),
            Two((lambda z: leak(z).tolist(), lambda z: slope(z).astype(np.float32)))], wrong(
        (Two((lambda z: np.maximum(z, 0), lambda z: z > 0)), "divided by 100"), (Two((lambda z: np.maximum(z, -0.01), slope)), "divided by 100"),
        (Two((lambda z: np.where(z > 0, z, -z / 100), slope)), "divided by 100"), (Two((lambda z: np.where(z > 0, z, z / 10), slope)), "divided by 100"),
        (Two((lambda z: np.maximum(z, 100 * z), slope)), "divided by 100"), (Two((lambda z: np.where(z > 0, z, 0.01), slope)), "divided by 100"),
        (Two((leak, lambda z: z > 0)), "By finite differences"), (Two((leak, leak)), "By finite differences"), (Two((slope, leak)), "First the function"),
        (Two((leak, lambda z: np.where(z > 0, 1, -0.01))), "By finite differences"), (Two((leak, lambda z: np.where(z > 0, 1, 100))), "By finite differences"),
        (Two((in_place, slope)), "changes the z"), (Two((leak, 0.01)), "Give the function leaky_slope itself"), (Two((leak(np.ones(3)), slope)), "leaky_relu itself"),
        (Two((leak, lambda z: 1 if z.flat[0] > 0 else 0.01)), "One slope for each"), (Two((leak,)), "Call it as")), []


def velocity_step(network, gradients, velocity, rate, kept=0.9, held=False, fresh=1.0, nesterov=False, returned=None, start=None, weights_only=False):
    "A step with a velocity, right or wrong in many ways."
    scaled = [[fresh * (rate if held else 1) * d for d in kind] for kind in gradients]
    velocity = start(scaled) if velocity is None and start else velocity
    moved = scaled if velocity is None else [[kept * v + d for v, d in zip(*kinds)] for kinds in zip(velocity, scaled)]
    step = [[kept * v + d for v, d in zip(*kinds)] for kinds in zip(moved, scaled)] if nesterov else moved
    step = [step[0], gradients[1]] if weights_only else step
    after = ma.sgd_step(network, step, 1 if held else rate)
    return after, tuple(map(tuple, moved)) if returned is None else returned(velocity, gradients, moved)


@case
def step_with_velocity():
    def in_place(network, gradients, velocity, rate):
        velocity = tuple(tuple(np.zeros_like(d) for d in kind) for kind in gradients) if velocity is None else velocity
        for v, d in ((v, d) for kinds in zip(velocity, gradients) for v, d in zip(*kinds)):
            v *= 0.9
            v += d
        return ma.sgd_step(network, velocity, rate), velocity

    memory = []

    def remembers(network, gradients, velocity, rate):
        "Keeps the velocity for itself."
        if velocity is None:
            memory.clear()
        after, moved = velocity_step(network, gradients, memory[0] if memory else None, rate)
        memory[:] = [moved]
        return after, moved

    def float32(network, *more):
        after, velocity = velocity_step(network, *more)
        return ma.Network(*(tuple(a.astype(np.float32) for a in arrays) for arrays in (after.weights, after.biases))), velocity

    return [velocity_step, lambda *given: list(velocity_step(*given)), float32, lambda *given: velocity_step(*given, returned=lambda v, g, moved: moved)], wrong(
        (lambda n, g, v, r: (ma.sgd_step(n, g, r), g), "0.19"), (lambda n, g, v, r: velocity_step(n, g, v, r / 10), "starts as the gradient"),
        (partial(velocity_step, held=True), "belongs in the step"), (partial(velocity_step, weights_only=True), "biases have a velocity"),
        (partial(velocity_step, fresh=0.1), "starts as the gradient"), (partial(velocity_step, kept=0.99), "0.19"), (partial(velocity_step, nesterov=True), "starts as"),
        (partial(velocity_step, returned=lambda v, g, moved: g), "all earlier steps"), (partial(velocity_step, returned=lambda v, g, moved: v), "shaped like the gradients"),
        (partial(velocity_step, returned=lambda v, g, moved: moved[0]), "shaped like the gradients"),
        (lambda *given: velocity_step(*given)[0], "Return two things"), (lambda *given: velocity_step(*given)[1], "First the new network"),
        (lambda *given: velocity_step(*given)[::-1], "First the new network"), (lambda n, g, v, r: (n, velocity_step(n, g, v, r)[1]), "by 0.000"),
        (lambda n, g, v, r: velocity_step(n, g, v, -r), "starts as the gradient"), (lambda n, g, v, r: velocity_step(n, g, v, 0.1), "do not move by the learning rate"),
        (in_place, "changes the velocity"), (remembers, "not 0.9 times the old one"), (lambda network, gradients, rate: None, "what stands in"),
        (partial(velocity_step, start=lambda scaled: scaled), "starts as the gradient"), (4, "Give the function velocity_step itself")), []


def way_back(X, Y, W1, b1, W2, b2, n=len, bend=lambda Z1: Z1 > 0, back=lambda W2: W2.T, sign=1, bias=np.sum):
    Z1 = X @ W1 + b1
    A = np.maximum(Z1, 0)
    d_Z = sign * (softened_by(A @ W2 + b2, 1) - Y) / n(Y)
    d_Z1 = (d_Z @ back(W2)) * bend(Z1)
    return X.T @ d_Z1, bias(d_Z1, axis=0), A.T @ d_Z, bias(d_Z, axis=0)


@case
def way_back_():
    def by_package(X, Y, W1, b1, W2, b2):
        network = ma.Network((W1, W2), (b1, b2))
        (d_W1, d_W2), (d_b1, d_b2) = ma.backward(network, *ma.forward(network, X), Y)
        return d_W1, d_b1, d_W2, d_b2

    def measured(X, Y, *parameters):
        slopes = [np.empty_like(p) for p in parameters]
        for k, place in ((k, place) for k in range(4) for place in np.ndindex(slopes[k].shape)):
            losses = []
            for h in (1e-5, -1e-5):
                W1, b1, W2, b2 = [p.copy() for p in parameters[:k]] + [parameters[k].copy()] + [p.copy() for p in parameters[k + 1:]]
                (W1, b1, W2, b2)[k][place] += h
                losses.append(ma.cross_entropy(np.maximum(X @ W1 + b1, 0) @ W2 + b2, Y))
            slopes[k][place] = (losses[0] - losses[1]) / 2e-5
        return slopes

    def in_place(X, Y, W1, b1, W2, b2):
        answer = way_back(X, Y, W1, b1, W2, b2)
        W1 -= 0.1 * answer[0]
        return answer

    swap = lambda order: lambda *given: [way_back(*given)[k] for k in order]
    return [way_back, lambda *given: list(way_back(*given)), lambda *given: [a.astype(np.float32) for a in way_back(*given)]], wrong(
        (partial(way_back, n=lambda Y: 1), "the loss is a mean"), (partial(way_back, bend=lambda Z1: 1), "d_b1 disagrees"), (partial(way_back, sign=-1), "wrong sign"),
        (partial(way_back, bend=lambda Z1: Z1), "d_b1 disagrees"), (partial(way_back, bias=np.mean), "d_b2 disagrees"), (by_package, "calls backward"),
        (measured, "Do you measure differences?"), (swap([0, 2, 1, 3]), "has the shape"), (swap([3, 2, 1, 0]), "has the shape"), (swap([0, 1, 2]), "four arrays"),
        (lambda *given: (way_back(*given)[0].T, *way_back(*given)[1:]), "d_W1 has the shape"), (partial(way_back, n=np.size), "d_b2 disagrees"),
        (lambda X, Y, W1, b1, W2, b2: way_back(X, Y, W1, 0 * b1, W2, b2), "disagrees"), (in_place, "changes the W1"), (5, "Give the function slopes itself"),
        (partial(way_back, back=lambda W2: np.ones_like(W2.T)), "d_b1 disagrees")), []


CASES["check_way_back"] = CASES.pop("check_way_back_")


def rosenblatt(X, t, epochs, right=lambda s: s > 0, bias=1, rate=1.0, back=lambda w, b: (w, b), orders=lambda n: range(n)):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(epochs):
        for k in orders(len(X)):
            if not right(t[k] * (X[k] @ w + b)):
                w, b = w + rate * t[k] * X[k], b + bias * t[k]
    return back(w, b)


@case
def perceptron():
    def of_the_whole(X, t, epochs):
        w, b = np.zeros(X.shape[1]), 0.0
        for _ in range(epochs):
            wrong_ones = t * (X @ w + b) <= 0
            w, b = w + (t * wrong_ones) @ X, b + (t * wrong_ones).sum()
        return w, b

    return [rosenblatt, partial(rosenblatt, back=lambda w, b: [w.tolist(), float(b)]), partial(rosenblatt, back=lambda w, b: (w, np.array([b])))], wrong(
        (partial(rosenblatt, right=lambda s: s >= 0), "counts as wrong"), (partial(rosenblatt, right=lambda s: False), "changes nothing"), (partial(rosenblatt, right=lambda s: s <= 0), "counts as wrong"),
        (partial(rosenblatt, rate=-1.0), "away from the truth"), (partial(rosenblatt, bias=0), "t to the bias"), (partial(rosenblatt, rate=0.01), "numbers differ"),
        (lambda X, t, epochs: rosenblatt(X, t, epochs + 1), "one epoch more"), (of_the_whole, "at once"), (partial(rosenblatt, orders=lambda n: range(n)[::-1]), "numbers differ"),
        (lambda X, t, epochs: rosenblatt(X, t, epochs)[0], "two things"), (partial(rosenblatt, back=lambda w, b: (w[:, None], b)), "One weight for each pixel"),
        (lambda X, t: rosenblatt(X, t, 1), "that many arguments"), (partial(rosenblatt, back=lambda w, b: (np.zeros_like(w), 0)), "counts as wrong")), []


@case
def xor():
    both, one = [[1, 1], [1, 1]], np.ones((2, 2))
    return [(both, [0, -1], [[1], [-2]], [0]), [one, np.array([0, -1]), np.array([1, -2]), 0], ([[1, -1], [-1, 1]], [0, 0], [[1], [1]], [0]), (-one, [1, 2], [[-2], [1]], [1e-9])], wrong(
        ((both, [0, -1], [[1], [-1]], [0]), "That is *or*"), ((both, [0, -1], [[1], [0]], [0]), "That is *or*"), ((both, [0, 5], [[1], [-2]], [0]), "No ReLU bends"),
        ((both, [0, -1], [[-1], [2]], [0]), "Not yet"), ((both, [0, -1], [[1], [-2]], [1]), "gives 1"), ((both, [0, -1], [[1, -2]], [0]), "W2 must be"),
        (([1, 1], [0, -1], [[1], [-2]], [0]), "W1 must be"), ((both, [0], [[1], [-2]], [0]), "W1 must be"), ((both, [0, -1], [[1], [-2]]), "Four arrays"), ("xor", "Four arrays"),
        ((both, [0, np.nan], [[1], [-2]], [0]), "Not yet"), ((both, [0, -1], ["a", "b"], [0]), "made of numbers")), []


# --------------------------------------------------------------------------------------------------- 03 The same in Keras


@case
def parameters():
    return [109_386, 109_386.0, np.int32(109_386), np.array(109_386)], wrong(
        (109_184, "has a bias"), (108_736, "ten outputs"), (109_386 + 784, "no biases"), (784 * 128 * 64 * 10, "layer by layer"), (50_890, "inputs times units"),
        (109_386.5, "whole number"), ([100_480, 8256, 650], "one number"), ("109k", "made of numbers"), (-109_386, "inputs times units")), ["109386", "109,386", "109_386"]


@case
def file_bytes():
    return [203_560, 203_560.0, np.int64(203_560)], wrong(
        (50_890, "How many bytes does one"), (407_120, "float64"), (50_890 * 32, "bits"), (203_264, "biases"), (203.56, "In bytes"), (203_560 / 1024, "In bytes"),
        (215_552, "Count the parameters"), (101_780, "Count the parameters"), (109_386 * 4, "Count the parameters"), ("203 kB", "made of numbers")), \
        ["203560", "203,560", "203_560"]


@case
def same_budget():
    return [(56, 56, 56), [56, 56, 56], np.array([56, 56, 56]), (56.0, 56.0, 56.0), (61, 30, 20, 10)], wrong(
        ((65, 0, 0), "at least one neuron"), ((64, 10, -5), "at least one neuron"), (56, "as in (64,)"), ((64,), "three or more"), ((61, 40), "three or more"),
        ((64, 64, 64), "too many"), ((21, 21, 21), "too few"), ((784, 56, 56, 56, 10), "hidden layers only"), ((56.5, 56, 56), "whole number"),
        ("56, 56, 56", "made of numbers"), ({56}, "made of numbers"), ((56, 56, "56"), "made of numbers"), ([[56, 56, 56]], "as in (64,)"), ((), "three or more"),
        ((16_964, 1, 1), "too many")), ["56, 56, 56"]


@case
def read_layer():
    import h5py

    def reads(path, k, name="dense_{}", parts=("kernel", "bias"), read=lambda item: item[:], mode="r"):
        with h5py.File(path, mode) as file:
            return tuple(read(file[name.format(k)][part]) for part in parts)

    def writes(path, k):
        with h5py.File(path, "a") as file:
            file.attrs["read"] = k
            return file[f"dense_{k}/kernel"][:], file[f"dense_{k}/bias"][:]

    def by_place(path, k):
        with h5py.File(path) as file:
            layer = file[list(file)[k - 1]]
            return layer["kernel"][:], layer["bias"][:]

    return [reads, partial(reads, read=np.array), lambda path, k: list(reads(path, k))], wrong(
        (partial(reads, parts=("bias", "kernel")), "First the weights"), (partial(reads, read=lambda item: item), "with [:]"),
        (partial(reads, read=lambda item: item[:].tolist()), "not yet arrays"), (lambda path, k: reads(path, 1), "not the arrays of layer"),
        (lambda path, k: reads(path, k - 1), "number 1?"), (lambda path, k: reads(path, k % 3 + 1), "layer"), (partial(reads, name="layer_{}"), "no such name"),
        (partial(reads, parts=("kernel",)), "Return two things"), (lambda path, k: dict(zip("Wb", reads(path, k))), "Return two things"),
        (lambda path, k: (ma.load_network(path).weights[k - 1], ma.load_network(path).biases[k - 1]), "calls load_network"), (writes, "changes the file"), (by_place, "not the arrays of layer"),
        (lambda path, k: reads("mine.h5", k), "raised"), (lambda path, k: (reads(path, k)[0].T, reads(path, k)[1]), "not the arrays"),
        (lambda path, k: (2 * reads(path, k)[0], reads(path, k)[1]), "not the arrays"), (("kernel", "bias"), "Give the function read_layer itself")), []


def slope_by(logits, Y, reduce="reduce_mean", watch=True, from_logits=True, finish=lambda slope: slope, loss_of=None):
    from mnist_ann.model import keras, tf

    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        if watch:
            tape.watch(logits)
        loss = getattr(tf, reduce)(keras.losses.categorical_crossentropy(Y, logits, from_logits=from_logits) if loss_of is None else loss_of(tf, logits, Y))
    return finish(tape.gradient(loss, logits))


@case
def slope_by_logits():
    from mnist_ann.model import tf

    formula = lambda z, Y: ((softened_by(z, 1) - Y) / len(Y)).astype("float32")

    def decoy(z, Y):
        slope_by(z, Y, loss_of=lambda tf, z, Y: z**2)
        return formula(z, Y)

    return [slope_by, lambda z, Y: slope_by(z, Y).numpy(), lambda z, Y: slope_by(z, Y, "reduce_sum").numpy() / len(Y), tf.function(slope_by).python_function,
            lambda z, Y: slope_by(z, Y, loss_of=lambda tf, z, Y: tf.reduce_logsumexp(z, 1) - tf.reduce_sum(z * Y, 1))], wrong(
        (formula, "no tape found it"), (decoy, "the tape found something else"), (partial(slope_by, watch=False), "must watch"),
        (partial(slope_by, watch=False, finish=lambda slope: slope.numpy()), "must watch"), (partial(slope_by, reduce="reduce_sum"), "times too large"),
        (partial(slope_by, from_logits=False), "from_logits"), (lambda z, Y: slope_by(z, Y)[0], "has the shape of the logits"),
        (lambda z, Y: -slope_by(z, Y), "Not the right slope"), (partial(slope_by, loss_of=lambda tf, z, Y: -Y * tf.math.log(tf.nn.softmax(z))), "Not the right slope"),
        (lambda z, Y: slope_by(z, Y).numpy().tolist().append(1), "returns nothing"), (lambda z, Y: tf.nn.softmax(z) - Y, "times too large"),
        (formula(np.eye(3, 10), np.eye(3, 10)), "Give the function slope_by_logits itself")), []


@case
def own_dense():
    from mnist_ann.model import keras, tf

    relu = lambda tf, X, W, b: tf.nn.relu(X @ W + b)

    def layers(compute=relu, weights="he_normal", biases="zeros", trainable=True, size=lambda units: units, inner=None):
        class MyDense(keras.layers.Layer):
            def __init__(self, units):
                super().__init__()
                self.units = size(units)
                self.inner = inner(units) if inner else None

            def build(self, input_shape):
                if not inner:
                    self.W = self.add_weight(shape=(input_shape[-1], self.units), initializer=weights)
                    self.b = self.add_weight(shape=(self.units,), initializer=biases, trainable=trainable)

            def call(self, inputs):
                return self.inner(inputs) if inner else compute(tf, inputs, self.W, self.b)
        return MyDense

    class Sub(keras.layers.Dense):
        def __init__(self, units):
            super().__init__(units, activation="relu")

    class Variables(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units

        def build(self, input_shape):
            self.W, self.b = tf.Variable(tf.random.normal((input_shape[-1], self.units))), tf.Variable(tf.zeros(self.units))

        def call(self, inputs):
            return tf.nn.relu(inputs @ self.W + self.b)

    dense = lambda units: keras.layers.Dense(units, activation="relu")
    return [layers(), layers(lambda tf, X, W, b: keras.ops.relu(keras.ops.matmul(X, W) + b)), layers(lambda tf, X, W, b: tf.maximum(tf.matmul(X, W) + b, 0.0)),
            layers(lambda tf, X, W, b: keras.activations.relu(X @ W + b), biases="ones")], wrong(
        (layers(lambda tf, X, W, b: np.maximum(X @ W + b, 0)), "no slope comes back"), (layers(lambda tf, X, W, b: tf.stop_gradient(relu(tf, X, W, b))), "no slope comes back"),
        (layers(lambda tf, X, W, b: tf.nn.relu(X @ W + tf.stop_gradient(b))), "no slope comes back"), (Sub, "Dense itself"), (layers(inner=dense), "A Dense inside"),
        (keras.layers.Dense, "Dense itself"), (layers(trainable=False), "add_weight"), (layers(weights="zeros"), "stay alike"), (layers(weights="ones"), "stay alike"),
        (layers(lambda tf, X, W, b: X @ W + b), "bend is missing"), (layers(lambda tf, X, W, b: tf.nn.relu(X @ W) + b), "biases"),
        (layers(lambda tf, X, W, b: tf.nn.relu(X @ W)), "biases"), (layers(lambda tf, X, W, b: tf.nn.softmax(X @ W + b)), "not relu"),
        (layers(lambda tf, X, W, b: tf.nn.leaky_relu(X @ W + b)), "not relu"), (layers(size=lambda units: 5), "not (11, 3)"), (Variables, "add_weight"),
        (layers()(5), "without calling it"), (dense, "Give the class itself"), (dict, "inherit from keras.layers.Layer"),
        (layers(lambda tf, X, W, b: tf.nn.relu(tf.reduce_sum(X @ W + b, axis=1))), "The output of 5 neurons")), []


# ----------------------------------------------------------------------------------------------------------- 04 Training


@case
def number_of_steps():
    return [553, 553.0, np.int64(553), np.array(553)], wrong(
        (546, "left out"), (546.875, "half a step"), (547, "half a step"), (79, "one epoch"), (78, "one epoch"), (78.125, "half a step"), (35_000, "whole batch"),
        (560, "rounded up"), (448, "rounded up"), ("553 steps", "made of numbers"), ([79] * 7, "one number")), ["553"]


@case
def diagnosis():
    right = ["under-fitting", "over-fitting", "failed", "done"]
    return [right, tuple(right), ["Underfitting", "over fitting ", "FAILED", "Done."], np.array(right)], wrong(
        (["done", *right[1:]], "A:"), ([right[0], "under-fitting", *right[2:]], "B:"), ([*right[:2], "under-fitting", "done"], "C:"),
        ([*right[:3], "over-fitting"], "D:"), (["underfitting", "over-fitting", "failed", "under_fitting"], "D:"), (["good", *right[1:]], "none of the four words: good"),
        (["under", "over", "failed", "done"], "none of the four words: under, over"), (right[:3], "four texts"), (", ".join(right), "four texts"),
        (dict(zip("ABCD", right)), "four texts"), ([1, 2, 3, 4], "in quotes"), ([None, *right[1:]], "in quotes"), (right[::-1], "A:")), \
        ["under-fitting", "over-fitting", "failed"]


def epochs_run(losses, patience, better=lambda loss, best: loss < best, since="best", extra=0):
    best, bad, last = np.inf, 0, np.inf
    for epoch, loss in enumerate(losses, 1):
        if better(loss, best if since == "best" else last):
            bad = 0
        else:
            bad += 1
        best, last = min(best, loss), loss
        if bad >= patience + extra:
            return epoch
    return len(losses)


@case
def stopping_epoch():
    def never_again(losses, patience):
        bad = 0
        for epoch, loss in enumerate(losses, 1):
            bad += loss >= min(losses[:epoch - 1], default=np.inf)
            if bad == patience:
                return epoch
        return len(losses)

    def empties(losses, patience):
        found = epochs_run(list(losses), patience)
        losses.clear()
        return found

    return [epochs_run, lambda losses, patience: np.int64(epochs_run(losses, patience)), lambda losses, patience: float(epochs_run(losses, patience))], wrong(
        (partial(epochs_run, since="last"), "3, 1, 2, 1.5, 1.2"), (never_again, "starts again"), (partial(epochs_run, better=lambda loss, best: loss <= best), "not a lower one"),
        (partial(epochs_run, extra=1), "stop after epoch 4"), (partial(epochs_run, extra=-1), "stop after epoch 4"), (lambda losses, patience: len(losses), "stop after epoch 4"),
        (lambda losses, patience: int(np.argmin(losses)) + 1, "stop after epoch 4"), (lambda losses, patience: int(np.argmin(losses)) + 1 + patience, "nothing stops"),
        (lambda losses, patience: min(int(np.argmin(losses)) + 1 + patience, len(losses)), "stop after epoch 4"), (lambda losses, patience: epochs_run(losses, patience) - 1, "nothing stops"),
        (lambda losses, patience: epochs_run(losses, 2), "starts again"), (lambda losses, patience: (epochs_run(losses, patience), min(losses)), "one number"),
        (empties, "changes the val_losses"), (lambda losses, patience: epochs_run(losses, patience) if epochs_run(losses, patience) < len(losses) else None, "Is `return` missing?"),
        (partial(epochs_run, better=lambda loss, best: loss < best - 1e-3), "only by a little"), (partial(epochs_run, better=lambda loss, best: loss < min(best, 100)), "may be large"),
        (4, "Give the function stopping_epoch itself"), (lambda losses: 4, "what stands in")), []


def velocity_after(slopes, momentum, fresh=lambda momentum: 1, start=0.0, sign=1):
    v = start
    for g in slopes:
        v = momentum * v + sign * fresh(momentum) * g
    return v


@case
def velocity():
    def all_of_them(slopes, momentum):
        return [velocity_after(slopes[:k + 1], momentum) for k in range(len(slopes))]

    def empties(slopes, momentum):
        v = 0.0
        while slopes:
            v = momentum * v + slopes.pop(0)
        return v

    return [velocity_after, lambda s, m: np.float32(velocity_after(s, m)), lambda s, m: sum(g * m**k for k, g in enumerate(reversed(s)))], wrong(
        (partial(velocity_after, fresh=lambda m: 1 - m), "first velocity is the first slope"), (lambda s, m: sum(s), "half of the velocity"),
        (lambda s, m: s[-1] / (1 - m), "first velocity"), (lambda s, m: s[-1], "half of the velocity"), (lambda s, m: m * sum(s), "first velocity"),
        (partial(velocity_after, sign=-1), "first velocity"), (all_of_them, "after the last"), (lambda s, m: velocity_after(s[::-1], m), "half of the velocity"),
        (lambda s, m: velocity_after(s, 0.5), "add up to"), (lambda s, m: velocity_after(s[:2], m), "add up to"), (empties, "changes the slopes"), (10.0, "Give the function velocity itself"),
        (partial(velocity_after, start=1.0), "starts from zero"), (lambda s, m: velocity_after(np.abs(s), m), "nearly cancel")), []


@case
def schedule():
    right = lambda done, warmup: done / warmup if done < warmup else (1 - done) / (1 - warmup)
    return [right, lambda d, w: np.interp(d, [0, w, 1], [0, 1, 0]), lambda d, w: np.float64(min(d / w, (1 - d) / (1 - w)))], wrong(
        (lambda d, w: min(1, d / w) * (1 - d), "one half"), (lambda d, w: d / w if d < w else 1 - d, "the fall begins there"), (lambda d, w: min(1, d / w), "Halfway"),
        (lambda d, w: 1 - d, "starts at 0"), (lambda d, w: right(d, 0.2), "The warm-up that is passed in?"), (lambda d, w: d / w if d < w else 0.5 + 0.5 * np.cos(np.pi * (d - w) / (1 - w)), "Straight lines?"),
        (lambda d, w: np.sin(np.pi / 2 * d / w) if d < w else right(d, w), "one half"), (lambda d, w: right(d, w) * 0.01, "one half"),
        (lambda d, w: d / w if d < w else (1 - d) / w, "At the end of the warm-up"), (lambda d, w: d / w if d < w else None, "Is `return` missing?"), (lambda d: 1 - d, "what stands in"),
        (0.5, "Give the function factor itself"), (lambda d, w: d / w if d < w else (d - w) / (1 - w), "At the end of the warm-up"), (lambda d, w: (right(d, w),), "one number")), []


@case
def settings_():
    right = {"learning_rate": 0.3, "batch_size": 16}
    return [right, {"learning_rate": np.float32(0.3), "batch_size": 16.0}, {"batch_size": np.int64(16), "learning_rate": 0.3}], wrong(
        ({"learning_rate": 0.01, "batch_size": 32}, "not far enough"), ({"learning_rate": 0.1, "batch_size": 1000}, "not far enough"), ({"learning_rate": 3.0, "batch_size": 32}, "too long"),
        ({**right, "epochs": 50}, "nothing else"), ({"learning_rate": 0.3}, "nothing else"), ((0.3, 16), "A dictionary"), ({"learning rate": 0.3, "batch size": 16}, "nothing else"),
        ({"learning_rate": -0.3, "batch_size": 16}, "above zero"), ({"learning_rate": 0.3, "batch_size": 0}, "above zero"), ({"learning_rate": 0.3, "batch_size": 16.5}, "whole number"),
        ({"learning_rate": 0.3, "batch_size": 5000}, "can't have more"), ({"learning_rate": "0.3", "batch_size": 16}, "made of numbers"),
        ({"learning_rate": np.nan, "batch_size": 16}, "must be a number")), ["0.3", "16,"]


CASES["check_settings"] = CASES.pop("check_settings_")


# --------------------------------------------------------------------------------------------------------- 05 Evaluation


@case
def half_the_error():
    return [40_000, 40_000.0, np.int64(40_000), 4e4], wrong(
        (4, "how many digits that makes"), (2, "how many digits that makes"), (20_000, "root of two"), (5_000, "takes more"), (2_500, "takes more"), (100_000_000, "square root"),
        (30_000, "in all"), (14_142, "square root"), ("40k", "made of numbers"), (10_000, "takes more"), (-40_000, "takes more")), ["40000", "40,000", "40_000"]


def ends(right, n, z=1.96, error=lambda p, n: np.sqrt(p * (1 - p) / n), sides=1.0):
    p = right / n
    return p - sides * z * error(p, n), p + sides * z * error(p, n)


def wilson(right, n, z=1.96):
    p = right / n
    middle, half = (p + z**2 / (2 * n)) / (1 + z**2 / n), z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


@case
def interval():
    return [ends, lambda r, n: list(ends(r, n)), lambda r, n: np.array(ends(r, n), np.float32), partial(ends, z=1.959964)], wrong(
        (partial(ends, z=1), "takes 1.96 of them"), (partial(ends, error=lambda p, n: np.sqrt(p * (1 - p)) / n), "square root"), (partial(ends, sides=0.5), "not in all"),
        (partial(ends, error=lambda p, n: p * (1 - p) / n), "square root"), (lambda r, n: (r - 26, r + 26), "divide"), (lambda r, n: tuple(100 * end for end in ends(r, n)), "divide"),
        (lambda r, n: ends(r, n)[::-1], "lower end comes first"), (wilson, "middle of the short interval"), (lambda r, n: (0.979394, 0.984606), "middle of the short"),
        (lambda r, n: ends(r, n)[0], "list of numbers"), (lambda r, n: (r / n, 1.96 * np.sqrt(r / n * (1 - r / n) / n)), "lower end comes first"), (partial(ends, z=2.576), "square root"), (partial(ends, z=2), "1.96 standard errors, not 2"), (partial(ends, error=lambda p, n: np.sqrt(p * (1 - p) / (n - 1))), "square root"),
        (lambda r, n: np.round(ends(r, n), 2), "the middle of"), (partial(ends, error=lambda p, n: np.sqrt(0.25 / n)), "square root"),
        (lambda r, n: ends(n - r, n), "middle of the short"), (ends(9820, 10_000), "Give the function interval itself"), (lambda r, n: ends(r, 20_000), "middle of the short"),
        (lambda p: ends(p, 1), "what stands in")), []


@case
def digits_needed():
    right = lambda p1, p2: (1.96 * (np.sqrt(p1 * (1 - p1)) + np.sqrt(p2 * (1 - p2))) / (p2 - p1))**2
    return [right, lambda p1, p2: int(np.ceil(right(p1, p2))), lambda p1, p2: 1.05 * right(p1, p2), lambda p1, p2: (2 * 1.96 / (p2 - p1))**2 * (p1 * (1 - p1) + p2 * (1 - p2)) / 2
            if p2 - p1 < 0.01 else right(p1, p2)], wrong(
        (lambda p1, p2: (1.96 / (p2 - p1))**2 * p1 * (1 - p1), "both halves"), (lambda p1, p2: 4 * right(p1, p2), "more than it takes"), (lambda p1, p2: 64_000, "more than it takes"),
        (lambda p1, p2: 1.96**2 * (p1 * (1 - p1) + p2 * (1 - p2)) / (p2 - p1)**2, "both halves"), (lambda p1, p2: np.sqrt(right(p1, p2)), "both halves"),
        (lambda p1, p2: right(p1, p2) / 1.96**2, "both halves"), (lambda p1, p2: -right(p1, p2), "above zero"), (lambda p1, p2: 1 / (p2 - p1), "both halves"),
        (lambda p1, p2: (right(p1, p2), 0), "one number"), (64_139, "Give the function digits_needed itself"), (lambda p1, p2: 1.5 * right(p1, p2), "more than it takes"),
        (lambda p1, p2: 1e9, "more than it takes")), []


@case
def three_heaps():
    return [Two((([1, 4], [2], [3]), 4)), Two((([1, 4], (2,), {3}), np.int64(4))), Two((([], [], range(1, 5)), 4)), Two(([np.array([1, 2]), [3.0, 4], []], 4))], wrong(
        (Two((([1, 4], [2], []), 4)), "Not sorted yet: [3]"), (Two((([1, 4], [2, 4], [3]), 4)), "more than one heap, or twice in one: [4]"),
        (Two((([1, 1, 4], [2], [3]), 4)), "twice in one: [1]"), (Two((([0, 1], [2], [3]), 4)), "run from 1"), (Two((([1, 4], [2], [3, 5]), 4)), "no digit number [5]"),
        (Two(([1, 2, 3, 4], 4)), "Three lists"), (Two(([1, 2, 3], 3)), "Three lists of numbers"), (Two((([1, 2], [3, 4]), 4)), "Three lists"),
        (Two(({"network": [1, 2], "writer": [3], "label": [4]}, 4)), "Three lists"), (Two((("1 4", "2", "3"), 4)), "Three lists of numbers"),
        (Two((([1, 4], [2.5], [3]), 4)), "whole number"), (Two((([1, "4"], [2], [3]), 4)), "made of numbers"), (Two((([1, 4], [2], [3]),)), "Call it as")), []


def top(P, labels, k, order=lambda P: -P, any_of=lambda hit: hit.any(axis=1)):
    return np.mean(any_of(np.argsort(order(P), axis=1, kind="stable")[:, :k] == labels[:, None]))


@case
def top_accuracy():
    return [top, lambda P, y, k: float(top(P, y, k)), lambda P, y, k: np.float32(np.mean([y[i] in np.argsort(P[i])[-k:] for i in range(len(y))]))], wrong(
        (partial(top, order=lambda P: P), "begin with the most probable"), (lambda P, y, k: top(P, y, 1), "nothing can be missed"),
        (lambda P, y, k: 1.0 if k == 3 else top(P, y, 1), "either is"), (lambda P, y, k: np.mean(np.argsort(-P, axis=1, kind="stable")[:, k - 1] == y), "nothing can be missed"),
        (lambda P, y, k: top(P, y, k) * len(y), "from 0 to 1"), (lambda P, y, k: 100 * top(P, y, k), "from 0 to 1"), (lambda P, y, k: 1 - top(P, y, k), "nothing can be missed"),
        (lambda P, y, k: top(P, y, min(k, 2)), "nothing can be missed"), (lambda P, y, k: top(P, y, k + 1), "accuracy"), (partial(top, any_of=lambda hit: hit), "nothing can be missed"),
        (lambda P, y, k: top(P, y, k) if k != 4 else 0, "random rows"), (0.9996, "Give the function top_accuracy itself"),
        (lambda P, y, k: np.sort(P, axis=1)[:, -k:].sum(axis=1).mean(), "accuracy"), (lambda P, k: 1, "what stands in")), []


def ways(a, b, counts):
    return sum(comb(a + b, h) for h in range(a + b + 1) if counts(h)) / 2**(a + b)


@case
def mcnemar():
    def by_scipy(a, b):
        from scipy.stats import binomtest
        return binomtest(a, a + b).pvalue

    def chi_square(a, b):
        from math import erfc, sqrt
        return erfc(sqrt((abs(a - b) - 1)**2 / (a + b) / 2)) if a != b else 1.0

    right = lambda a, b: ways(a, b, lambda h: abs(2 * h - a - b) >= abs(a - b))
    return [right, lambda a, b: min(1, 2 * ways(a, b, lambda h: h >= max(a, b))), lambda a, b: np.float64(right(a, b))], wrong(
        (lambda a, b: ways(a, b, lambda h: h >= max(a, b)), "one direction only"), (lambda a, b: 2 * ways(a, b, lambda h: h >= a), "called the first"),
        (lambda a, b: 2 * ways(a, b, lambda h: h >= max(a, b)), "none counts twice"), (lambda a, b: ways(a, b, lambda h: h == a), "22 of them"), (by_scipy, "calls scipy"),
        (chi_square, "22 of them"), (lambda a, b: right(a, b) * 2**(a + b), "their share"), (lambda a, b: 1 - right(a, b), "22 of them"),
        (lambda a, b: ways(a, b, lambda h: abs(2 * h - a - b) > abs(a - b)), "22 of them"), (lambda a, b: {10: right(a, b)}.get(a + b, 0.0), "It is wrong for"),
        (lambda a, b: right(a, b) if a + b < 100 else 0.0, "It is wrong for"), (0.02, "Give the function mcnemar itself"), (lambda counts: 1, "what stands in"),
        (lambda a, b: f"{right(a, b):.3f}", "made of numbers")), []


# -------------------------------------------------------------------------------------------------------- 06 Recognition


@case
def half_lost():
    return [4, 4.0, np.int64(4), np.array(4)], wrong((3, "further"), (1, "further"), (5, "Fewer pixels"), (6, "Fewer pixels"), ((4, 4), "One whole number"), (3.5, "whole number"), (0, "further"),
                                                     (0.32, "whole number"), ({4: 0.32}, "One whole number"), ("4 pixels", "made of numbers"), (-4, "further")), ["four", "4 pixels"]


@case
def line_for():
    def sorts(energies, share):
        energies.sort()
        return energies[-1 - round(share * len(energies))]

    return [lambda e, share: np.quantile(e, 1 - share), lambda e, share: np.sort(e)[-1 - round(share * len(e))], lambda e, share: float(np.percentile(e, 100 * (1 - share)))], wrong(
        (lambda e, share: np.quantile(e, share), "high energy is refused"), (lambda e, share: e.mean() + 2 * e.std(), "With share"), (lambda e, share: e[e > 0.99], "One number"),
        (sorts, "changes the energies"), (lambda e, share: np.quantile(e, 0.99), "With share = 0.1"), (lambda e, share: e.max(), "With share"), (lambda e, share: (1 - share) * e.max(), "With share"),
        (lambda e, share: int((1 - share) * len(e)), "With share"), (lambda e, share: e[int((1 - share) * len(e))], "With share"), (lambda e, share: np.percentile(e, 1 - share), "high energy is refused"),
        (lambda e, share: np.mean(e > share), "With share"), (-5.3, "Give the function line_for itself"), (lambda e: np.quantile(e, 0.99), "what stands in"),
        (lambda e, share: np.quantile(e, 1 - share / 2), "With share")), []


@case
def holes():
    import cv2

    def count(mask, margin=1, connectivity=4, less=2, filled=0):
        return cv2.connectedComponents(1 - np.pad(mask, margin, constant_values=filled), connectivity=connectivity)[0] - less

    def by_scipy(mask):
        from scipy.ndimage import label
        return label(np.pad(mask, 1) == 0)[1] - 1

    def frames(mask):
        mask[0] = mask[-1] = 0
        mask[:, 0] = mask[:, -1] = 0
        return count(mask)

    return [count, by_scipy, lambda mask: float(count(mask)), lambda mask: np.int32(count(mask))], wrong(
        (partial(count, less=1), "none of the holes"), (partial(count, margin=0), "margin of paper"), (partial(count, connectivity=8), "edges alone"), (partial(count, filled=1), "margin of paper"),
        (lambda mask: cv2.connectedComponents(mask, connectivity=8)[0] - 1, "no hole"), (lambda mask: int(count(mask) > 0), "An eight"), (lambda mask: min(count(mask), 2), "random mask"),
        (frames, "changes the mask"), (lambda mask: 0, "An eight"), (lambda mask: len(cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]) - 1, "random mask"),
        (lambda mask: [], "one number"), (2, "Give the function holes itself"), (lambda mask: cv2.connectedComponents(1 - np.pad(mask, 1), connectivity=4), "made of numbers"),
        (lambda mask: (mask == 0).sum(), "no hole")), []


def margins(image):
    rows, columns = np.nonzero(image)
    return rows.min(), 27 - rows.max(), columns.min(), 27 - columns.max()


@case
def centre_by_box():
    def by_box(image, axes=(0, 1), wanted=13.5, dtype=np.uint8):
        shift = [round(wanted - (places.min() + places.max()) / 2 - 0.1) if axis in axes else 0 for axis, places in enumerate(np.nonzero(image))]
        return np.roll(image, shift, axis=(0, 1)).astype(dtype)

    def erases(image):
        moved = by_box(image)
        image[:] = 0
        return moved

    def cut(image):
        rows, columns = np.nonzero(image)
        return image[rows.min():rows.max() + 1, columns.min():columns.max() + 1]

    def padded(image):
        box = cut(image)
        (top, left), (height, width) = [(28 - side) // 2 for side in box.shape], box.shape
        return np.pad(box, ((top, 28 - top - height), (left, 28 - left - width)))

    return [by_box, padded, lambda image: by_box(image).tolist(), partial(by_box, wanted=13.7)], wrong(
        (moved_to_middle, "empty"), (lambda image: image, "empty"), (partial(by_box, axes=(0,)), "to its left"), (partial(by_box, axes=(1,)), "empty rows"),
        (partial(by_box, wanted=10), "empty rows"), (cut, "(28, 28)"), (lambda image: by_box(image) > 0, "stay as it is"), (lambda image: by_box(image)[:, ::-1].copy(), "move alike"),
        (lambda image: by_box(image) / 255, "stay as it is"), (erases, "changes the image"), (lambda image: by_box(image).T, "move alike"), (by_box(np.eye(28)), "Give the function centre_by_box itself"),
        (lambda image: by_box(image)[None], "(28, 28)"), (lambda image: np.sort(image, axis=None).reshape(28, 28), "empty rows")), []


@case
def read_nine():
    nine = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]

    def ask(network, image, shifts=nine, mean=lambda P: P.mean(axis=0)):
        return mean(network.predict_proba(np.stack([np.roll(image, shift, axis=(0, 1)) for shift in shifts])))

    return [ask, lambda n, i: ask(n, i).tolist(), lambda n, i: np.mean([n.predict_proba(np.roll(i, s, axis=(0, 1))[None])[0] for s in nine], axis=0)], wrong(
        (partial(ask, mean=lambda P: P), "Ten numbers"), (partial(ask, mean=lambda P: P.sum(axis=0)), "add up to 1"), (partial(ask, shifts=[(0, 0)]), "unmoved"),
        (partial(ask, shifts=nine[1::2] + [(0, 0)]), "each of three"), (partial(ask, shifts=nine[:4] + nine[5:]), "each of three"), (partial(ask, shifts=[(2 * i, 2 * j) for i, j in nine]), "each of three"),
        (partial(ask, mean=lambda P: P.mean(axis=1)), "Ten numbers"), (partial(ask, mean=lambda P: P.max(axis=0) / P.max(axis=0).sum()), "each of three"),
        (partial(ask, mean=lambda P: np.median(P, axis=0) / np.median(P, axis=0).sum()), "each of three"), (lambda n, i: ask(ma.load_pretrained(), i), "the network that is passed in"),
        (lambda n, i: ask(n, i).argmax(), "Ten numbers"), (partial(ask, mean=lambda P: np.eye(10)[P.argmax(axis=1)].mean(axis=0)), "each of three"),
        (lambda n, i: ask(n, i / 255), "raised"), (lambda n, i: softened_by(np.mean([n.logits(np.roll(i, s, (0, 1))[None])[0] for s in nine], axis=0)[None], 1)[0], "each of three"),
        (lambda n, i: 0.8 * n.predict_proba(i[None])[0] + 0.2 * ask(n, i), "each of three"), (lambda image: image, "what stands in"), (np.full(10, 0.1), "Give the function read_nine itself")), []


@case
def read_sheet():
    def read(picture, margin=10, order=1, join=False, strips=None, take=None):
        inked = (picture < 150).any(axis=1)
        changes = np.flatnonzero(np.diff(np.pad(inked.astype(int), 1)))
        parts = strips(picture) if strips else [picture[max(0, a - margin):b + margin] for a, b in zip(changes[::2], changes[1::2])]
        texts = [ma.read_number(part).text for part in parts][::order][:take]
        return "\n".join(texts) if join else texts

    def whitens(picture):
        texts = read(picture)
        picture[:] = 255
        return texts

    return [read, lambda picture: tuple(read(picture))], wrong(
        (partial(read, strips=lambda p: [p]), "strips of the sheet first"), (partial(read, strips=lambda p: np.array_split(p, 3)), "2 rows, not 3"), (partial(read, strips=lambda p: np.array_split(p, len(p) // 132)), "Is each strip one row"), (partial(read, order=-1), "not from the bottom"),
        (partial(read, take=2), "3 rows, not 2"), (partial(read, join=True), "A list of texts"), (whitens, "changes the picture"),
        (lambda p: ["724", "97", "3072"], "2 rows, not 3"), (["724"], "Give the function read_sheet itself"), (lambda p: [text[::-1] for text in read(p)], "and you read")), []


# ----------------------------------------------------------------------------------------------------------- 07 Inside


@case
def prune_limit():
    limit = next(k for k in range(90, 101) if exercises._misread_when_pruned(k) > 0.1)
    share = limit / 100
    return [share, np.float64(share), np.array(share)], wrong(
        (share - 0.01, "cut deeper"), (share - 0.05, "cut deeper"), (1, "already"), (limit, "from 0 to 1"), (share - 0.005, "whole hundredths"), (0.5, "cut deeper"), (0, "cut deeper"),
        (-share, "from 0 to 1"), (f"{limit} %", "made of numbers"), ([share], "one number"), (1 - share, "cut deeper")), [f"{share:.2f}", f"{limit} %"]


def seven_slopes(network, image, d_scores):
    return ma.pixel_slopes(network, image[None], d_scores).reshape(28, 28)


@case
def why_not():
    def answer(network, image, this, that, times=lambda image: image / 255, sign=1, both=1):
        return times(image) * seven_slopes(network, image, sign * (np.eye(10)[this] - both * np.eye(10)[that]))

    def in_two(network, image, this, that):
        return image / 255 * (seven_slopes(network, image, np.eye(10)[this]) - seven_slopes(network, image, np.eye(10)[that]))

    def brightens(network, image, this, that):
        image[:] = 255
        return answer(network, image, this, that)

    def of_probabilities(network, image, this, that):
        p = network.predict_proba(image[None])[0]
        return image / 255 * seven_slopes(network, image, p[this] * (np.eye(10)[this] - p))

    return [answer, in_two, lambda *asked: answer(*asked).tolist()], wrong(
        (partial(answer, sign=-1), "reversed"), (partial(answer, both=0), "where is `that`"), (partial(answer, times=lambda image: 1), "Times input"),
        (partial(answer, times=lambda image: image.astype(float)), "from 0 to 1"), (lambda *asked: answer(*asked).ravel(), "(28, 28)"), (partial(answer, both=-1), "Begin `pixel_slopes`"),
        (lambda *asked: np.abs(answer(*asked)), "Begin `pixel_slopes`"), (of_probabilities, "Begin `pixel_slopes`"), (lambda *asked: answer(*asked).T, "Begin `pixel_slopes`"),
        (brightens, "changes the image"), (lambda *asked: answer(*asked).sum(), "(28, 28)"), (lambda network, image: image, "what stands in"),
        (lambda network, image, this, that: seven_slopes(network, image, this - that), "raised"), (np.zeros((28, 28)), "Give the function why_not itself")), []


@case
def integrated_from():
    def walk(network, image, origin, digit, steps=50, shift=0.5, times=None, start=None):
        start = origin if start is None else start
        places = start + (np.arange(steps)[:, None] + shift) / steps * (image - start)
        slopes = ma.pixel_slopes(network, places, np.eye(10)[digit])
        return (image - origin if times is None else times) * slopes.mean(axis=0)

    def one_by_one(network, image, origin, digit):
        total = np.zeros(784)
        for share in np.linspace(0, 1, 51):
            total += ma.pixel_slopes(network, (origin + share * (image - origin))[None], np.eye(10)[digit])[0]
        return (image - origin) * total / 51

    def evenly(network, image, origin, digit):
        before, after = network.logits(np.stack([origin, image]))[:, digit]
        return np.full(784, (after - before) / 784)

    return [walk, one_by_one, partial(walk, steps=200), lambda *asked: walk(*asked).tolist()], wrong(
        (lambda n, x, o, d: walk(n, x, o, d, times=x), "Slopes times `image`"), (lambda n, x, o, d: walk(n, x, 0 * o, d), "add up"), (lambda n, x, o, d: walk(n, x, o, d, start=x), "add up"),
        (lambda *asked: 50 * walk(*asked), "add up"), (lambda *asked: -walk(*asked), "add up"), (evenly, "the shares are not"), (lambda n, x, o, d: walk(n, o, x, d), "add up"),
        (lambda *asked: walk(*asked).reshape(28, 28), "(784,)"), (lambda *asked: walk(*asked).sum(), "(784,)"), (lambda n, x, o, d: walk(n, x, o, (d + 1) % 10), "add up"),
        (lambda network, image: image, "what stands in"), (lambda n, x, o, d: ma.integrated_gradients(n, x[None], d)[0], "add up"), (np.zeros(784), "Give the function integrated_from itself")), []


@case
def push_towards():
    def push(network, images, digit, epsilon, way=-1, clip=np.clip, sign=np.sign, label=None, scores=False):
        X = ma.normalize(images) if images.dtype == np.uint8 else images
        wanted = np.eye(10)[digit if label is None else label]
        return clip(X + way * epsilon * sign(ma.pixel_slopes(network, X, -wanted if scores else network.predict_proba(X) - wanted)), 0, 1).astype(np.float32)

    return [push, lambda *asked: push(*asked).tolist(), lambda n, i, d, e: ma.fgsm(n, i, np.full(len(i), d), -e)], wrong(
        (partial(push, way=1), "downhill"), (partial(push, clip=lambda x, low, high: x), "beyond"), (partial(push, sign=lambda x: x / np.abs(x).max()), "the whole of epsilon"),
        (partial(push, sign=lambda x: 100 * np.sign(x)), "further than epsilon"), (lambda *asked: push(*asked).reshape(-1, 28, 28), "(n, 784)"), (lambda n, i, d, e: ma.fgsm(n, i, np.full(len(i), d), e), "downhill"),
        (lambda n, i, d, e: ma.normalize(i) if i.dtype == np.uint8 else i, "downhill"), (lambda *asked: 255 * push(*asked), "beyond"), (lambda n, i, d, e: push(n, i, d, 0.3 * e), "the whole of epsilon"),
        (lambda n, i, d, e: np.clip(i + 0 * e, 0, 1), "downhill"), (lambda images: images, "what stands in"), (0.1, "Give the function push_towards itself")), []


@case
def without_dead():
    def small(network, images, alive=lambda a: a.any(axis=0), rows=True, layers=None, biases_too=True):
        weights, biases = list(network.weights), list(network.biases)
        for layer, passed in enumerate(ma.layer_outputs(network, images)[1:-1][:layers]):
            keep = np.flatnonzero(alive(passed))
            weights[layer], biases[layer] = weights[layer][:, keep], biases[layer][keep if biases_too else np.arange(len(keep))]
            weights[layer + 1] = weights[layer + 1][keep if rows else np.arange(len(keep))]
        return ma.Network(tuple(weights), tuple(biases))

    def silenced(network, images):
        for layer, passed in enumerate(ma.layer_outputs(network, images)[1:-1], 1):
            network = ma.switch_off(network, layer, ~passed.any(axis=0))
        return network

    return [small, partial(small, alive=lambda a: a.max(axis=0) > 0)], wrong(
        (lambda network, images: network, "No unit"), (silenced, "No unit"), (partial(small, alive=lambda a: a.all(axis=0)), "yours keeps"), (partial(small, rows=False), "the answers are not"),
        (partial(small, biases_too=False), "the answers are not"), (partial(small, layers=1), "yours keeps"), (lambda network, images: small(network, images[:1]), "yours keeps"),
        (lambda network, images: small(network, images).weights, "A Network is wanted"), (lambda network, images: small(network, images, alive=lambda a: ~a.any(axis=0)), "yours keeps"),
        (partial(small, alive=lambda a: a.mean(axis=0) > 0.5), "yours keeps"), (lambda network: network, "what stands in"), (lambda network, images: small(network, images / 255), "raised"),
        (7, "Give the function without_dead itself")), []


# --------------------------------------------------------------------------------------------------------- 08 The record


@case
def rotation():
    return [60, 60.0, np.int64(60)], wrong((50, "turn further"), (70, "already"), (55, "multiple of ten"), (0, "From 10"), (-60, "From 10"), (190, "From 10"), (10, "turn further"),
                                           (1.047, "whole number"), ("60 degrees", "made of numbers"), ([60], "one number")), ["60 deg"]


def moved(images, down, right, wraps=False, fill=0):
    if wraps:
        return np.roll(images, (down, right), (1, 2))
    padded = np.pad(images, ((0, 0), (28, 28), (28, 28)), constant_values=fill)
    return padded[:, 28 - down:56 - down, 28 - right:56 - right]


@case
def shifted():
    def by_slices(images, down, right):
        result = np.zeros_like(images)
        to, of = lambda n: slice(max(n, 0), 28 + min(n, 0)), lambda n: slice(max(-n, 0), 28 + min(-n, 0))
        result[:, to(down), to(right)] = images[:, of(down), of(right)]
        return result

    def rolled(images, down, right):
        result = moved(images, down, right, wraps=True)
        rows, columns = np.arange(28) - down, np.arange(28) - right
        result[:, (rows < 0) | (rows > 27)] = 0
        result[:, :, (columns < 0) | (columns > 27)] = 0
        return result

    def erases(images, down, right):
        result = moved(images, down, right)
        images[:] = 0
        return result

    def no_zero(images, down, right):
        result = np.zeros_like(images)
        result[:, down:, right:] = images[:, :-down, :-right]
        return result

    def looped(images, down, right):
        result = np.zeros_like(images)
        for k, image in enumerate(images):
            result[k] = moved(image[None], down, right)[0]
        return result

    return [moved, by_slices, rolled, lambda images, down, right: moved(images, int(down), int(right)).copy()], wrong(
        (partial(moved, wraps=True), "must be paper"), (lambda i, d, r: moved(i, r, d), "row 0 becomes row 2"), (lambda i, d, r: moved(i, -d, -r), "row 0 becomes row 2"),
        (partial(moved, fill=255), "must be paper"), (lambda i, d, r: moved(i, d, r).astype(float), "stay uint8"), (lambda i, d, r: np.stack([moved(x[None], d, r)[0] for x in i]), "with a loop"),
        (looped, "with a loop"), (lambda i, d, r: np.array(list(map(lambda x: moved(x[None], d, r)[0], i))), "with a loop"), (lambda i, d, r: np.apply_along_axis(lambda x: moved(
            x.reshape(1, 28, 28), d, r).ravel(), 1, i.reshape(-1, 784)).reshape(i.shape), "with a loop"), (no_zero, "raised"), (erases, "changes the images"),
        (lambda i, d, r: moved(i, abs(d), abs(r)), "signs"), (lambda i, d, r: moved(i, max(min(d, 9), -9), max(min(r, 9), -9)), "Wrong for"), (lambda i, d, r: moved(i, d, r)[0], "keep their shape"), (lambda i, d, r: i, "row 0 becomes row 2"),
        (lambda i, d, r: np.roll(moved(i, d, 0), r, axis=2), "must be paper"), (np.zeros((1, 28, 28)), "Give the function shifted itself")), []


@case
def mirror():
    return [{0, 1, 8}, {0, 8}, [0, 8], (0, 1, 8), np.array([0, 1, 8]), frozenset({0, 8}), {0.0, 8.0}], wrong(
        ({0}, "There are more"), ({1, 8}, "There are more"), (set(), "There are more"), ({0, 1, 3, 8}, "[3]: write it down"), ({0, 3, 8}, "[3]: write it down"), ({6, 9}, "[6, 9]: write"),
        (set(range(10)), "hold it to a mirror"), ({0, 8, 11}, "from 0 to 9"), (8, "A set of digits"), ("0, 8", "A set of digits"), ({"0", "8"}, "made of numbers"), ({0: True, 8: True}, "A set of digits"),
        ({0.5}, "whole number")), ["{0, 8}", "0, 1, 8"]


@case
def thicker():
    from scipy.ndimage import grey_dilation, maximum_filter, minimum_filter

    def thick(images, share, size=(1, 3, 3), rounded=np.round, filtered=maximum_filter, **more):
        return rounded((1 - share) * images + share * filtered(images, size=size, **more)).astype(np.uint8)

    def in_place(images, share):
        images[:] = thick(images, share)
        return images

    def in_bytes(images, share):
        return images + (share * (maximum_filter(images, size=(1, 3, 3)) + images) - share * 2 * images).astype(np.uint8)

    return [thick, partial(thick, filtered=grey_dilation), lambda i, s: (thick(i, s, rounded=lambda x: x + 0.5)), lambda i, s: thick(i.astype(np.float32), np.float32(s))], wrong(
        (partial(thick, rounded=np.floor), "rounded, please"), (partial(thick, rounded=np.ceil), "rounded, please"), (lambda i, s: thick(i, 1), "changes nothing"),
        (lambda i, s: thick(i, 1 - s), "changes nothing"), (partial(thick, size=3), "its own image only"), (partial(thick, size=(1, 5, 5)), "square of 3 by 3"), (partial(thick, size=(1, 2, 2)), "square of 3 by 3"),
        (partial(thick, filtered=minimum_filter), "square of 3 by 3"), (lambda i, s: thick(i, s).astype(float), "uint8 again"), (lambda i, s: maximum_filter(i, size=(1, 3, 3)) if s else i, "keeps all"),
        (in_place, "changes the images"), (lambda i, s: thick(i, s)[0], "keep their shape"), (lambda i, s: thick(i, round(s, 1)), "off by"), (lambda i, s: thick(i > 0, s), "changes nothing"),
        (np.zeros((1, 28, 28)), "Give the function thicker itself"), (in_bytes, "keeps all")), []


# ------------------------------------------------------------------------------------------------------------- 09 Files


@case
def idx_bytes():
    numbers = 500 * 32 * 32
    return [4 * numbers + 16, np.int64(4 * numbers + 16), float(4 * numbers + 16)], wrong(
        (numbers + 16, "does not fit into one byte"), (numbers, "does not fit into one byte"), (8 * numbers + 16, "float64"), (4 * numbers, "in front of them"),
        (4 * numbers + 4, "how many pictures"), (4 * numbers + 8, "three sizes"), (4 * numbers + 12, "three sizes"), (16 + 4 * 500 * 28 * 28, "for each dimension"), ("2 MB", "made of numbers"),
        (2048, "for each dimension"), ([4 * numbers + 16], "one number"), (4 * (numbers + 16), "for each dimension")), ["2048016", "2,048,016"]


@case
def unnoticed_byte():
    return [2, 2.0, np.int32(2)], wrong((0, "always zero"), (1, "always zero"), (3, "four pixels for a size"), (7, "number of pixels"), (15, "number of pixels"), (16, "from 0 to 15"),
                                        (-1, "from 0 to 15"), (2.5, "whole number"), ("the third", "made of numbers"), ([2], "one number"), (4, "number of pixels")), []


@case
def write_lines():
    import os

    def right(path, lines, tidy=True, swallow=(), end="\n", encoding="utf-8", beside=lambda path: path.with_name(path.name + ".part"), finish=os.replace):
        part = beside(path)
        try:
            with open(part, "w", encoding=encoding) as file:
                file.writelines(f"{line}{end}" for line in lines)
            finish(part, path)
        except swallow:
            pass
        finally:
            if tidy:
                part.unlink(missing_ok=True)

    def at_once(path, lines):
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def appends(path, lines):
        text = "".join(f"{line}\n" for line in lines)
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)

    def first_away(path, lines):
        path.unlink(missing_ok=True)
        right(path, lines)

    def translates(path, lines):
        try:
            right(path, lines)
        except Exception:
            raise RuntimeError("it failed") from None

    return [right, lambda path, lines: path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8"), partial(right, end="\n", beside=lambda path: path.with_suffix(".new"))], wrong(
        (at_once, "old contents are lost"), (partial(right, tidy=False), "is left in the folder"), (partial(right, swallow=Exception), "nobody was told"),
        (partial(right, swallow=ValueError), "nobody was told"), (partial(right, end=""), "line of its own"), (partial(right, encoding="latin-1"), "in UTF-8"), (partial(right, end="\n\n"), "line of its own"),
        (lambda path, lines: None, "no file of this name"), (appends, "nothing else"), (first_away, "the old file is gone"), (translates, "should come through"),
        (lambda path: None, "what stands in"), ("written", "Give the function write_lines itself"), (lambda path, lines: right(path, sorted(lines)), "line of its own"),
        (partial(right, finish=lambda part, path: None), "no file of this name")), []


@case
def fingerprint():
    from hashlib import sha256

    def right(network, arrays=lambda n: (*n.weights, *n.biases), number=lambda a: np.ascontiguousarray(a).tobytes(), finish=lambda d: d.hexdigest()):
        return finish(sha256(b"".join(map(number, arrays(network)))))

    return [right, lambda n: right(n, lambda n: (*n.biases, *n.weights)), lambda n: str([a.tolist() for a in (*n.weights, *n.biases)])], wrong(
        (partial(right, arrays=lambda n: n.weights), "biases of layer 1"), (partial(right, arrays=lambda n: n.weights[:1] + n.biases), "weights of layer 2"),
        (partial(right, arrays=lambda n: n.biases), "weights of layer 1"), (lambda n: str(sum(float(a.sum()) for a in n.weights + n.biases)), "still the same"), (str, "still the same"),
        (lambda n: str(id(n)), "A copy with equal numbers"), (lambda n: 7, "A text"), (lambda: "", "what stands in"), (partial(right, number=lambda a: a.round(3).tobytes()), "still the same"),
        (partial(right, number=lambda a: np.sort(a, axis=None).tobytes()), "exchanged"), (partial(right, finish=lambda d: d.digest()), "A text"), (lambda n: str(n.weights) + str(n.biases), "still the same"),
        (lambda n: repr(n.sizes), "still the same"), ("abc", "Give the function fingerprint itself")), []


# ---------------------------------------------------------------------------------------------------------- 10 Pictures


@case
def window():
    return [11, 11.0, np.int64(11)], wrong((9, "nothing but ink"), (10, "odd"), (12, "odd"), (5, "nothing but ink"), (13, "narrower"), (19, "narrower"), ("11", "made of numbers"), ((11, 11), "one number"),
                                           (4.5, "whole number"), (-11, "nothing but ink")), []


@case
def skewness():
    def skew(values, centre=np.mean, spread=lambda values: values.std()**3, cube=3):
        return ((values - centre(values))**cube).mean() / spread(values)

    def in_place(values):
        values -= values.mean()
        return (values**3).mean() / values.std()**3

    return [skew, lambda v: float(skew(v)), lambda v: np.float32(skew(v)), lambda v: skew(v, spread=lambda v: v.std(ddof=1)**3)], wrong(
        (partial(skew, centre=lambda v: 0), "differences"), (partial(skew, spread=lambda v: 1), "twice as large"), (partial(skew, spread=np.var), "twice as large"), (lambda v: -skew(v), "long tail"),
        (lambda v: abs(skew(v)), "long tail"), (lambda v: 3 * (v.mean() - np.median(v)) / v.std(), "right size"), (lambda v: (v - v.mean())**3, "One number"), (partial(skew, cube=2), "twice as large"),
        (partial(skew, centre=np.median), "right size"), (lambda v: skew(v, spread=np.std), "twice as large"), (in_place, "changes the values"), (0.5, "Give the function skewness itself"),
        (lambda v: np.cbrt(skew(v)), "right size"), (lambda v: np.sign(skew(v)), "right size")), []


@case
def cut_at_gaps():
    def cut(mask, axis=0, end=0, margin=1, begin=0):
        changes = np.flatnonzero(np.diff(np.pad(mask.any(axis=axis).astype(int), margin)))
        return [(int(a) + begin, int(b) + end) for a, b in zip(changes[::2], changes[1::2])]

    def erases(mask):
        found = cut(mask)
        mask[:] = 0
        return found

    return [cut, lambda mask: np.array(cut(mask)), lambda mask: tuple([list(pair) for pair in cut(mask)])], wrong(
        (partial(cut, end=-1), "first column after"), (partial(cut, axis=1), "stretches"), (lambda mask: cut(mask)[:-1], "reach an edge"), (partial(cut, margin=0), "stretches"),
        (lambda mask: mask.any(axis=0), "A list of pairs"), (partial(cut, begin=1, end=1), "not those of columns"), (lambda mask: cut(mask)[::-1], "not those of columns"),
        (lambda mask: cut(1 - mask), "stretches"), (lambda mask: len(cut(mask)), "A list of pairs"), (lambda mask: dict(cut(mask)), "A list of pairs"), (erases, "changes the mask"),
        (lambda mask: [mask[:, a:b] for a, b in cut(mask)], "A list of pairs"), ([(0, 3)], "Give the function cut_at_gaps itself"), (lambda mask: cut(mask[:1]), "stretches")), []


# --------------------------------------------------------------------------------------------------------- 11 The engine


@case
def calls():
    return [[31_260, 20], (31_260.0, 20), np.array([31_260, 20])], wrong(
        ([20, 31_260], "comes first"), ([1563, 1], "That is one epoch"), ([1563, 20], "That is one epoch"), ([1562, 20], "That is one epoch"), ([31_240, 20], "left over when"),
        ([31_250, 20], "in each epoch anew"), ([31_260, 1563], "once for each epoch"), ([1_000_000, 20], "rounded up"), (31_260, "list of numbers"), ("31260, 20", "made of numbers"),
        ([31_260], "A list of two"), ([31_260, 1], "That is one epoch"), ({31_260, 20}, "made of numbers")), ["31260", "31,260", "31_260"]


@case
def compilations():
    return [6, 6.0, np.int64(6)], wrong((1, "stayed"), (2, "Right for the batches"), (3, "Right for the learning rates"), (189, "Not at each call"), (5, "do not add up"), (63, "Which sizes"),
                                        ([6], "one number"), ("six", "made of numbers"), (4, "Which sizes"), (9, "Which sizes")), []


@case
def who_may_go_on():
    return [{"b", "d", "f", "g"}, ["B", "D", "F", "G"], "bdfg", "b, d, f, g", ("b", " d", "f", "g"), np.array(["b", "d", "f", "g"])], wrong(
        (set("abdfg"), "begin with the same ones"), (set("bfg"), "Exchange two digits"), (set("bdf"), "depend on the validation digits"), (set("bdg"), "still to come"), (set("dfg"), "still to come"),
        (set("bdefg"), "where it lies"), (set("abcdefg"), "What is printed"), (set(), "Exchange two digits"), ({1, 2}, "in quotes"), (set("bdfgh"), "from a to g"), ({"batch size"}, "from a to g"),
        ({"b": True}, "A set of letters")), []


@case
def in_file_order():
    def order(piece):
        return np.argsort(piece, kind="stable")

    def sorts(piece):
        before = piece.copy()
        piece.sort()
        return piece, np.searchsorted(piece, before)

    return [lambda p: (np.sort(p), np.searchsorted(np.sort(p), p)), lambda p: [np.sort(p), order(order(p))], lambda p: (sorted(p), [sorted(p).index(row) for row in p]),
            lambda p: np.unique(p, return_inverse=True)], wrong(
        (lambda p: (np.sort(p), order(p)), "where among the rows"), (lambda p: (p, np.arange(len(p))), "must ascend"), (lambda p: (np.sort(p)[::-1], order(order(-p))), "must ascend"),
        (lambda p: np.sort(p), "Two arrays"), (lambda p: (np.sort(p), p), "smaller than the length"), (lambda p: (np.sort(p), np.arange(len(p))), "the piece again"),
        (lambda p: (np.arange(len(p)), order(order(p))), "those of the piece"), (sorts, "changes the piece"), (lambda: None, "what stands in"), (np.array([1, 0, 2]), "in_file_order itself"),
        (lambda p: (order(order(p)), np.sort(p)), "smaller than the length"), (lambda p: (np.sort(p), order(order(p)) + 1), "smaller than the length"), (lambda p: (np.sort(p), order(order(p)) / 2), "whole number"),
        (lambda p: dict(rows=np.sort(p)), "Two arrays")), []


@case
def write_whole():
    import os
    import shutil
    from tempfile import TemporaryDirectory

    def whole(path, write, name="{}.tmp", clean=True, finish=Path.replace, error=BaseException, again=True):
        temporary = path.with_name(name.format(path.name))
        try:
            write(temporary)
        except error:
            if clean:
                temporary.unlink()
            if again:
                raise
            return
        finish(temporary, path)

    def removes_first(temporary, path):
        path.unlink(missing_ok=True)
        temporary.rename(path)

    def saves_the_old(path, write):
        old = path.read_bytes() if path.exists() else None
        try:
            write(path)
        except Exception:
            path.write_bytes(old) if old is not None else path.unlink()
            raise

    def elsewhere(path, write):
        with TemporaryDirectory() as folder:
            write(Path(folder, "new"))
            os.replace(Path(folder, "new"), path)

    def moved_away(path, write):
        if path.exists():
            path.rename(path.with_name("old"))
        whole(path, write)

    return [whole, partial(whole, name=".{}.part", finish=os.replace), partial(whole, finish=os.rename), partial(whole, finish=shutil.move)], wrong(
        (lambda path, write: write(path), "straight to `path`"), (saves_the_old, "straight to `path`"), (partial(whole, clean=False), "left behind"), (partial(whole, error=OSError), "whatever the error"),
        (partial(whole, finish=removes_first), "in one go"), (partial(whole, finish=shutil.copy), "can be killed half-way, too"), (partial(whole, finish=lambda *_: None), "must be at `path`"),
        (elsewhere, "in the folder of `path`"), (partial(whole, again=False), "caller must hear"), (lambda path, write: None, "Call `write`"), (lambda path: None, "what stands in"),
        ("state", "Give the function write_whole itself"), (lambda path, write: write(), "raised TypeError"), (moved_away, "must stay until")), []


# ---------------------------------------------------------------------------------------------------- 15 The command line


@case
def sort_by_digit():
    def sort(text, key=lambda answer: answer.get("digit"), order=list, start=dict, put=None):
        files = start()
        for answer in order(json.loads(text)):
            files.setdefault(key(answer), []).append(answer["file"])
        return files

    from collections import defaultdict
    by_name = lambda answers: sorted(answers, key=lambda answer: answer["file"])
    return [sort, partial(sort, start=lambda: defaultdict(list)), lambda text: {key: tuple(files) for key, files in sort(text).items()}], wrong(
        (lambda text: {a["digit"]: [a["file"]] for a in json.loads(text) if "digit" in a}, "under None"), (lambda text: {a.get("digit"): [a["file"]] for a in json.loads(text)}, "listed once"),
        (partial(sort, key=lambda a: a["digit"]), "KeyError: 'digit'"), (partial(sort, key=lambda a: str(a.get("digit"))), "under None"), (partial(sort, order=by_name), "order given"),
        (partial(sort, key=lambda a: a.get("digit") or None), "Not quite"), (partial(sort, start=lambda: {digit: [] for digit in (*range(10), None)}), "Only digits that occur"),
        (lambda text: {key: files[0] for key, files in sort(text).items()}, "a list of its files"), (lambda text: {key: len(files) for key, files in sort(text).items()}, "a list of its files"),
        (lambda text: list(sort(text).items()), "A dictionary"), (lambda answers: sort(json.dumps(answers)), "raised"), ({7: ["a.png"]}, "Give the function sort_by_digit itself"),
        (lambda text: {None if key is None else str(key): files for key, files in sort(text).items()}, "as numbers"), (partial(sort, order=lambda answers: answers[::-1]), "order given")), []


@case
def grid_hours():
    return [6.4, np.float32(6.4), np.array(6.4)], wrong(
        (384, "In hours"), (51.2, "There are eight"), (0.125, "do not add"), (625 * 3 / 60 / 8, "the exponent"), (128, "How long does one take"), (7, "Combinations first"), (1024, "Combinations first"),
        ("6.4 h", "made of numbers"), ([6.4, 6.4], "one number"), (-6.4, "Combinations first")), ["6.4"]


@case
def drawn_by_factors():
    def right(low, high, u):
        return low * (high / low)**u

    return [right, lambda low, high, u: np.exp(np.log(low) + u * (np.log(high) - np.log(low))), lambda low, high, u: 10**(np.log10(low) * (1 - u) + np.log10(high) * u)], wrong(
        (lambda low, high, u: low + u * (high - low), "drawn evenly"), (lambda low, high, u: (high / low)**u, "u = 0 must give"), (lambda low, high, u: low * high**u, "u = 1 must give"),
        (lambda low, high, u: high * (low / high)**u, "u = 0 must give"), (lambda low, high, u: low * (high / low)**(u * u), "Not quite"), (lambda low, high, u: low * 10**u, "u = 1 must give"),
        (lambda low, high: low, "that many arguments"), (lambda low, high, u: "7", "made of numbers"), (0.5, "function")), []


@case
def enough_trials():
    def right(share, probability, more=0):
        n = 1
        while 1 - (1 - share)**n < probability:
            n += 1
        return n + more

    return [right, lambda share, probability: float(right(share, probability)), lambda share, probability: np.int64(right(share, probability))], wrong(
        (lambda share, probability: round(1 / share), "only"), (lambda share, probability: np.log(1 - probability) / np.log(1 - share), "whole number"),
        (lambda share, probability: int(np.log(1 - probability) / np.log(1 - share)), "only"), (lambda share, probability: right(share, probability, 1), "are enough"),
        (lambda share, probability: round(probability / share), "only"), (lambda share, probability: 0, "only"), (lambda share, probability: -3, "only"), (59, "function")), []


@case
def goes_on():
    def right(before, accuracy, keep, itself=1, least=1, better=lambda other, accuracy: other >= accuracy):
        return sum(better(other, accuracy) for other in before) < max(least, (len(before) + itself) // keep)

    def appends(before, accuracy, keep):
        before.append(accuracy)
        return right(before[:-1], accuracy, keep)

    return [right, lambda *given: np.bool_(right(*given)), lambda before, accuracy, keep: sorted([*before, accuracy], reverse=True).index(accuracy) + before.count(accuracy)
            < max(1, (len(before) + 1) // keep)], wrong(
        (partial(right, least=0), "always goes on"), (partial(right, itself=0), "itself included"), (partial(right, better=lambda other, accuracy: other > accuracy), "came earlier"),
        (lambda before, accuracy, keep: not before or accuracy > np.median(before), "Not quite"), (lambda *given: int(right(*given)), "True or False"), (appends, "Work on a copy"),
        (lambda *given: not right(*given), "always goes on"), (lambda *given: True, "Not quite"), (True, "function")), []


@case
def hours():
    return [1e12 / 1_000 / 20_000 / 3600, np.float32(13.89), 13.9], wrong(
        (50_000, "These are seconds"), (833.3, "These are minutes"), (0.5787, "These are days"), (13_889, "There are a thousand"), (0.01389, "twelve zeros"),
        (20, "Divide the digits"), ("14 h", "made of numbers"), ([13.9, 13.9], "one number"), (-13.9, "Divide the digits")), ["13.89"]


@case
def numbers_sent():
    return [lambda n, workers: 2 * (workers - 1) * n // workers, lambda n, workers: 2 * (workers - 1) * n / workers, lambda n, workers: np.int64(2 * (workers - 1) * (n // workers))], wrong(
        (lambda n, workers: (workers - 1) * n // workers, "go round once more"), (lambda n, workers: 2 * (workers - 1) * n, "not the whole array"), (lambda n, workers: 2 * n, "one less"),
        (lambda n, workers: 2 * (workers - 1) * n // workers if workers > 1 else n, "sends nothing"),
        (lambda n, workers: n, "Not quite"), (lambda n, workers: "all", "made of numbers"), (lambda n: n, "that many arguments"), (600, "function")), []


@case
def combined():
    def there(slopes, sizes):
        return [(mean, size) for mean, size in zip(slopes, sizes) if mean is not None]

    def right(slopes, sizes):
        return sum(mean * size for mean, size in there(slopes, sizes)) / sum(sizes)

    return [right, lambda slopes, sizes: np.average([mean for mean, _ in there(slopes, sizes)], axis=0, weights=[size for _, size in there(slopes, sizes)]),
            lambda slopes, sizes: right(slopes, sizes).tolist()], wrong(
        (lambda slopes, sizes: np.mean([mean for mean, _ in there(slopes, sizes)], axis=0), "differ in size"), (lambda slopes, sizes: sum(mean for mean, _ in there(slopes, sizes)), "That is the sum"),
        (lambda slopes, sizes: np.mean(right(slopes, sizes)), "shape of each"), (lambda slopes, sizes: there(slopes, sizes)[0][0], "Not quite"),
        (lambda slopes, sizes: right(slopes, sizes) * sum(sizes), "Not quite"), (lambda slopes, sizes: sum(mean * size for mean, size in zip(slopes, sizes)) / sum(sizes), "TypeError"),
        (lambda slopes: slopes[0], "that many arguments"), (3, "function")), []


@case
def left_to_do():
    def right(names, count, is_there=lambda name, k: name == f"part-{k:08}.parquet"):
        return [k for k in range(count) if not any(is_there(name, k) for name in names)]

    return [right, lambda names, count: np.array(right(names, count), int), lambda names, count: tuple(sorted({*range(count)} - {int(name[5:13]) for name in names if name.startswith("part-")}))], wrong(
        (partial(right, is_there=lambda name, k: f"{k:08}" in name), "was being written"), (lambda names, count: [k for k in range(count) if k not in right(names, count)], "are done"),
        (lambda names, count: right(names, count)[::-1], "ascending"), (lambda names, count: [k + 1 for k in right(names, count)], "from 0"), (lambda names, count: len(right(names, count)), "A list of numbers"),
        (lambda names, count: [str(k) for k in right(names, count)], ""), (lambda names, count: list(range(count)), "Not quite"), (lambda names: [], "that many arguments"), ([], "function")), []


@case
def best_workers():
    def right(once, for_each, latency, transfer, batch, most, rounds=2, cut=True, last=min):
        def seconds(w):
            return once + for_each * batch / w + (rounds * (w - 1) * (latency + transfer / (w if cut else 1)) if w > 1 else 0)

        return last(w for w in range(1, most + 1) if seconds(w) == min(map(seconds, range(1, most + 1))))

    return [right, lambda *given: float(right(*given)), lambda *given: np.int64(right(*given))], wrong(
        (partial(right, rounds=1), ""), (partial(right, cut=False), ""), (lambda *given: given[-1], "not always quicker"), (lambda *given: max(2, right(*given)), "may be the quickest"),
        (lambda *given: 0, "From 1 to"), (lambda *given: given[-1] + 1, "From 1 to"), (partial(right, last=max), ""), (lambda *given: "two", "made of numbers"), (lambda once: 1, "that many arguments"), (4, "function")), []


@case
def megabytes():
    return [1.4350, np.float32(1.435), 1.43], wrong(
        (1_435_000, "millions of bytes"), (1.0763, "in base64"), (2.8617, "two bytes here"), (1.4268, "a scale and a bias"), (0.8072, "longer, not shorter"),
        (0.5, "inputs times units"), (12, "inputs times units"), (-1.4, "inputs times units"), ("1.4 MB", "made of numbers"), ([1.4, 1.4], "one number")), ["1.43", "1.44"]


@case
def remembered():
    def right(steps, most):
        old = max(0, len(steps) - most)
        return steps[:old], steps[old:]

    return [right, lambda steps, most: list(right(steps, most))], wrong(
        (lambda steps, most: (steps[:-most], steps[-most:]), "for most = 0"), (lambda steps, most: ([], steps[-most:]), "no step may be lost"),
        (lambda steps, most: ([], steps), "is the most"), (lambda steps, most: (steps, []), "there is room"), (lambda steps, most: steps[-most:], "Two lists"),
        (lambda steps, most: right(steps, most)[::-1], "no step may be lost"), (lambda steps: steps, "that many arguments"), (3, "function")), []


@case
def rounded():
    def right(W, bits, axis=0, most=lambda bits: 2**(bits - 1) - 1):
        scales = np.maximum(np.abs(W).max(axis=axis), 1e-300) / most(bits)
        return np.round(W / scales) * scales

    return [right, lambda W, bits: right(W, bits).tolist()], wrong(
        (lambda W, bits: np.round(W / (np.abs(W).max(axis=0) / (2**(bits - 1) - 1))) * 1.0, "zeros has no scale"), (lambda W, bits: right(W, bits, axis=None), "one for all"),
        (lambda W, bits: W, "as they were"), (lambda W, bits: right(W, bits, most=lambda bits: 2**bits - 1), "is the number 127"),
        (lambda W, bits: right(W, bits, most=lambda bits: 2**(bits - 1)), "is the number 127"), (lambda W, bits: np.round(1e6 * W), "multiply with the scales"),
        (lambda W, bits: W[0], "shape of W"), (lambda W, bits: None, ""), (7, "function")), []


@case
def nearest_inside():
    def near(activations, pick=np.argmin):
        def nearest_inside(network, image, examples):
            X = np.concatenate([image[None], examples]).reshape(-1, 784) / np.float32(255)
            a = activations(*ma.forward(network, X))
            return pick(((a[1:] - a[0])**2).sum(axis=1))
        return nearest_inside

    return [near(lambda a, z: a[-1]), lambda *given: int(near(lambda a, z: a[-1])(*given))], wrong(
        (near(lambda a, z: a[0]), "nearest in pixels"), (near(lambda a, z: a[1]), "first hidden layer"), (near(lambda a, z: z), "nearest scores"),
        (near(lambda a, z: a[-1], np.argmax), "furthest away"), (lambda *given: 9, "from 0 on"), (lambda *given: 0.5, "from 0 on"), (lambda *given: "3", "made of numbers"),
        (near(lambda a, z: a[-1], np.sort), "one number"), (3, "function")), []


@case
def exit_statuses():
    return [[0, 2, 0, 130], (0, 2, 0, 130), np.array([0, 2, 0, 130]), [0.0, 2.0, 0.0, 130.0]], wrong(
        ([0, 0, 0, 130], "b: one of the two"), ([0, 1, 0, 130], "b: one of the two"), ([1, 2, 0, 130], "a: all went well"), ([0, 2, 2, 130], "c: not to be sure"),
        ([0, 2, 1, 130], "c: not to be sure"), ([0, 2, 0, 2], "d: nobody"), ([0, 2, 0, 0], "d: nobody"), ([0, 2, 0, 1], "d: shells"), ([0, 130, 0, 2], "b: one of the two"),
        ([0, 2, 130], "Four numbers"), ("0 2 0 130", "made of numbers"), ({"a": 0, "b": 2, "c": 0, "d": 130}, "made of numbers"), (0, "list of numbers"),
        ([True, False, True, False], "a: all went well")), ["130"]


@case
def to_look_at():
    def looks(text, must=lambda answer: not answer.get("is_sure"), order=list, name=lambda answer: answer["file"]):
        return [name(answer) for answer in order(json.loads(text)) if must(answer)]

    return [looks, lambda text: tuple(looks(text)), partial(looks, must=lambda answer: "error" in answer or not answer["is_sure"]),
            partial(looks, must=lambda answer: answer.get("doubt", "not read"))], wrong(
        (partial(looks, must=lambda a: a.get("probability", 0) < 0.9), "sure of d.png"), (partial(looks, must=lambda a: "error" in a), "not sure of b.png"),
        (partial(looks, must=lambda a: a.get("is_sure") is False), "has not been read"), (partial(looks, must=lambda a: not a["is_sure"]), "raised KeyError: 'is_sure'"),
        (partial(looks, must=lambda a: a.get("is_sure")), "sure of d.png"), (lambda text: sorted(looks(text)), "in the order given"), (lambda text: looks(text)[::-1], "in the order given"),
        (partial(looks, name=dict), "has not been read"), (lambda text: len(looks(text)), "A list of files"), (lambda text: set(looks(text)), "A list of files"),
        (lambda text: ", ".join(looks(text)), "A list of files"), (["c.png"], "Give the function to_look_at itself"),
        (lambda answers: looks(json.dumps(answers)), "raised")), []


@case
def good_enough():
    def judge(text, accuracy, key="interval", end=0, compare=lambda a, b: a >= b):
        found = json.loads(text)[key]
        return compare(found if end is None else found[end], accuracy)

    return [judge, lambda text, accuracy: np.bool_(judge(text, accuracy)), lambda text, accuracy: not json.loads(text)["interval"][0] < accuracy], wrong(
        (partial(judge, key="accuracy", end=None), "only 98.2 %"), (partial(judge, end=1), "only 98.2 %"), (partial(judge, compare=lambda a, b: a > b), "The lower end itself"),
        (partial(judge, compare=lambda a, b: a < b), "lies above 98 %"), (lambda text, accuracy: True, "only 98.2 %"), (lambda text, accuracy: False, "lies above 98 %"),
        (lambda text, accuracy: json.loads(text)["interval"][0], "True or False"), (lambda text, accuracy: judge(text, accuracy) or None, "returns nothing"),
        (lambda text, accuracy: "yes" if judge(text, accuracy) else "no", "True or False"), (lambda text, accuracy: judge(text, 0.983), "lies above 98 %"), (True, "Give the function good_enough itself"),
        (lambda text, accuracy: np.mean(json.loads(text)["interval"]) >= accuracy, "only 98.2 %"), (lambda text: True, "what stands in")), []


# ------------------------------------------------------------------------------------------------------------- The tests

SOURCE = [line.strip() for line in Path(exercises.__file__).read_text(encoding="utf-8").splitlines()]
LINES = {line for line in SOURCE if len(line) > 15 and not line.startswith(("#", "import ", "from "))}
THE_LINE = "raise NotYet(hint)"  # the one that plain Python's traceback may show


@pytest.fixture(autouse=True, scope="module")
def one_core():
    with threadpool_limits(1, "blas"):
        yield


@pytest.fixture(scope="module")
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    return InteractiveShell(config=config)


def what_is_said(check, answer):
    "None if the check takes the answer, or else its hint. Anything but `NotYet` goes through."
    try:
        assert check(*given_to(answer)) is None
    except exercises.NotYet as error:
        assert type(error) is exercises.NotYet and error.__cause__ is None
        plain = traceback.format_exception(error)
        assert not any(line in part for line in LINES - {THE_LINE} for part in plain), "the traceback shows lines of the check"
        hint = str(error)
        assert hint and "\n" not in hint and len(hint) < 500, hint
        assert error._render_traceback_() == [f"Not yet. {hint}"]
        return hint
    return None


def test_every_check_has_cases():
    assert sorted(CASES) == CHECKS
    numbers = [re.match(r"Exercise (\d+\.\d): ", getattr(exercises, name).__doc__)[1] for name in CHECKS]
    assert len(set(numbers)) == len(numbers), "two exercises have one number"


@pytest.mark.parametrize("name", CHECKS)
def test_right_answers_are_taken_in_any_form(name, capsys):
    right, *_ = CASES[name]()
    assert len(right) >= 2
    for answer in right:
        assert what_is_said(getattr(exercises, name), answer) is None, answer
        assert capsys.readouterr().out.startswith("Right.")


@pytest.mark.parametrize("name", CHECKS)
def test_wrong_answers_get_the_hint_that_fits(name):
    _, pairs, secrets = CASES[name]()
    assert len(pairs) >= 4
    for number, (answer, words) in enumerate(pairs):
        hint = what_is_said(getattr(exercises, name), answer)
        assert hint is not None, f"number {number} passes, and its hint should say: {words}"
        assert words in hint, f"number {number}"
        assert not any(secret in hint for secret in secrets if secret not in repr(answer)), f"the hint gives the answer away: {hint}"


class Bad:
    "An object that raises whatever is asked of it."

    def fail(self, *_):
        raise RuntimeError("no")

    __eq__ = __len__ = __iter__ = __array__ = __float__ = __repr__ = __str__ = __getitem__ = __lt__ = __bool__ = fail
    __hash__ = object.__hash__


def raises(error):
    def function(*_):
        raise error
    return function


def spoils(*given):
    "Writes into everything that it is given."
    for thing in given:
        if isinstance(thing, np.ndarray):
            thing[...] = 0
        elif isinstance(thing, (list, dict)):
            thing.clear()
    return given[0]


def rubbish():
    looped = []
    looped.append(looped)
    values = [None, "", "rubbish", b"bytes", [], [[]], {}, {"a": 1}, set(), {1, "a"}, np.nan, np.inf, -np.inf, 1 + 2j, 10**400, -1, -1.5, True, object(), Bad(), looped,
              [1, [2, 3]], [None] * 3, np.array([]), np.zeros((2, 3)), np.full(10, np.nan), np.array(["a"]), np.array([None]), np.zeros((28, 28), bool), np.zeros(3, "datetime64[s]"),
              range(0), iter([1]), int, len, print, Exception("text"), Bad, type, np, slice(3), NotImplemented, memoryview(b"ab"), (1, 2), [np.inf] * 8, ["a"] * 4]
    functions = [lambda: 1, lambda a, b, c, d, e, f, g, h: 1, lambda *, a: 1, raises(ValueError("no")), raises(KeyError("k")), raises(SystemExit(3)), raises(exercises.NotYet("mine")),
                 raises(RecursionError()), raises(StopIteration()), raises(MemoryError()), raises(Warning("w")), spoils, np.exp, dict, wraps(len)(lambda *given: given)]
    results = [None, ..., "text", np.nan, np.inf, -1, 1.5, [], {}, set(), (None,) * 4, (np.nan,) * 2, np.zeros((1, 1, 1)), np.array([]), np.array(["a"]), np.full((28, 28), np.nan),
               object(), Bad(), looped, int, 10**400, 1j, {7: None}, {7: Bad()}, iter([1])]
    return values, functions + [lambda *_, result=result: result for result in results]


@pytest.mark.parametrize("name", CHECKS)
def test_rubbish_is_refused_with_a_hint(name):
    check = getattr(exercises, name)
    values, functions = rubbish()
    more = signature_length(check) - 1
    for thing in values + functions:
        answers = [thing, Two((thing, thing)), Two((thing, 4)), Two((4, thing))] if more else [thing]
        for answer in answers:
            assert what_is_said(check, answer) is not None, f"takes {answer!r:.80}"
    for answers in ((), (1, 2, 3)):
        assert "Call it as" in what_is_said(check, Two(answers))


def signature_length(check):
    from inspect import signature
    return len(signature(check).parameters)


DATA = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text("aB9 é\n", max_size=3) | st.binary(max_size=3),
                    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text("aB9", max_size=2) | st.integers(0, 9), inner, max_size=3) | st.tuples(inner, inner), max_leaves=9)


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=DATA)
def test_any_data_gets_a_hint_or_is_right(name, data):
    check = getattr(exercises, name)
    for thing in (data, lambda *_: data):
        what_is_said(check, Two((thing,) * signature_length(check)))


@pytest.mark.parametrize("name", CHECKS)
def test_dots_are_no_answer(name, capsys):
    for dots in (..., [...], ([...], [...], [...])):
        assert getattr(exercises, name)(*[dots] * signature_length(getattr(exercises, name))) is None
        assert capsys.readouterr().out == "Not answered yet.\n"


def test_ctrl_c_goes_through():
    with pytest.raises(KeyboardInterrupt):
        exercises.check_velocity(raises(KeyboardInterrupt()))


def test_the_mistake_of_a_function_is_shown_where_it_is():
    def velocity(slopes, momentum):
        return slopes / momentum

    assert what_is_said(exercises.check_velocity, velocity).endswith("at `return slopes / momentum`")


@pytest.mark.parametrize("name", CHECKS)
def test_a_shell_shows_the_hint_alone(name, shell, capsys):
    answer, words = CASES[name]()[1][0]
    shell.user_ns.update(check=getattr(exercises, name), answer=given_to(answer))
    result = shell.run_cell("check(*answer)")
    assert type(result.error_in_exec) is exercises.NotYet
    shown = capsys.readouterr()
    assert (shown.out + shown.err).strip() == f"Not yet. {result.error_in_exec}"
    assert not any(line in shown.out + shown.err for line in SOURCE if len(line) > 15)


def test_a_notebook_keeps_the_hint_alone():
    "What a kernel sends to JupyterLab and what is stored, for each check."
    cells = [f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom mnist_ann import exercises\nanswer = lambda *given: given[9]"]
    cells += [f"exercises.{name}({', '.join(['answer'] * signature_length(getattr(exercises, name)))})" for name in CHECKS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=600, allow_errors=True).execute()
    assert not notebook.cells[0].outputs
    for name, cell in zip(CHECKS, notebook.cells[1:]):
        error, = (output for output in cell.outputs if output.output_type == "error")
        assert error.ename == "NotYet" and error.traceback == [f"Not yet. {error.evalue}"], name


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_numbers_are_the_same_everywhere(path):
    "Exercise 2.3 of the text is answered in the cell below it, and its check and its solution say 2.3, too."
    asked, number = {}, None
    for cell in section(path, "Exercises"):
        numbers = re.findall(r"^\*\*(\d+\.\d) ", cell["source"], re.M) if cell["cell_type"] == "markdown" else []
        number = numbers[-1] if numbers else number
        assert len(numbers) <= 1, "an answer cell below each exercise"
        for name in checks_called([cell]):
            assert re.search(r"= \.\.\.", cell["source"]), "leave the answer open"
            asked[name] = number
    solved = {}
    for cell in section(path, "Solutions"):
        if "solution" in cell["metadata"].get("tags", []):
            assert (first := re.match(r"# Exercise (\d+\.\d), a solution\n", cell["source"])), "a solution begins with its number, and no more"
            assert max(map(len, cell["source"].splitlines())) <= 100
            solved |= dict.fromkeys(checks_called([cell]), first[1])
    assert asked == solved and list(asked.values()) == sorted(asked.values())
    assert asked == {name: getattr(exercises, name).__doc__[9:].partition(":")[0] for name in asked}
