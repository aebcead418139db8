"""Arrays of any shape, type and content: reading them gives a `Prediction`, or a `MnistAnnError`, and leaves them as they were."""
import os
import warnings

import numpy as np
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import mnist_ann as ma

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", 200))  # of each test
DTYPES = st.one_of(arrays.boolean_dtypes(), arrays.integer_dtypes(), arrays.unsigned_integer_dtypes(), arrays.floating_dtypes(), arrays.complex_number_dtypes(),
                   arrays.unicode_string_dtypes(max_len=3), st.just(np.dtype(object)))
SHAPES = st.one_of(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=40), st.sampled_from([(28, 28), (1, 4000), (4000, 1), (30, 30, 3), (30, 30, 4)]))
DIGIT = np.kron(ma.load_mnist()[1].images[0], np.ones((4, 4), np.uint8))  # a seven, 112 pixels a side
thorough = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def read(function, picture):
    "What it returns, or None if it refuses the picture."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return function(picture)
        except ma.MnistAnnError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
            return None


def check(prediction):
    assert prediction.image.shape == (28, 28) and prediction.image.dtype == np.uint8
    assert abs(prediction.probabilities.sum() - 1) < 1e-5 and prediction.probability == prediction.probabilities.max()
    assert prediction.is_sure is (prediction.doubt == "") and (prediction.is_digit or prediction.doubt)


@thorough
@given(st.data())
def test_any_array_is_read_or_refused(data):
    dtype = data.draw(DTYPES)
    elements = st.integers(0, 9) if dtype == object else None
    array = data.draw(arrays.arrays(dtype, data.draw(SHAPES), elements=elements))
    before = array.copy()
    if (prediction := read(ma.predict, array)) is not None:
        check(prediction)
    np.testing.assert_array_equal(array, before)


@thorough
@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=90)), st.integers(0, 3), st.booleans())
def test_any_picture_is_read_or_refused(grey, blur, is_row):
    for _ in range(blur):  # noise becomes blobs
        grey = ((grey.astype(np.uint16) + np.roll(grey, 1, 0) + np.roll(grey, 1, 1) + np.roll(grey, (1, 1), (0, 1))) // 4).astype(np.uint8)
    if is_row:
        number = read(ma.read_number, grey)
        for prediction in number.digits if number else ():
            check(prediction)
        assert number is None or len(number.text) == len(number.boxes) == len(number.digits) > 0
    elif (prediction := read(ma.predict, grey)) is not None:
        check(prediction)


@thorough
@given(arrays.arrays(np.uint8, (28, 28)), st.integers(1, 4))
def test_a_picture_may_be_of_any_type(grey, size):
    picture = np.kron(grey, np.ones((size, size), np.uint8))
    answers = [read(ma.predict, same) for same in (picture, picture.astype(np.int64), picture.astype(np.uint16) * 257, np.dstack([picture] * 3))]
    answers = [None if answer is None else answer.image.tolist() for answer in answers if grey.max() > 32]  # less may be meant otherwise
    assert all(answer == answers[0] for answer in answers)


@thorough
@given(st.sampled_from([1.0, 16.0, 100.0, 255.0, 4095.0, 65535.0, 1e30]), st.floats(0.3, 1.6), st.floats(-0.2, 0.2), st.sampled_from(["f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4"]), st.booleans(), st.integers(0, 3))
@example(4095.0, 1.0625, 0.0, "u2", False, 0)  # brightened beyond its twelve bits
def test_a_digit_is_not_blank_in_any_range(white, contrast, shift, dtype, is_light, shape):
    share = (255 - DIGIT if is_light else DIGIT) / 255
    values = (share * contrast + shift) * white
    if dtype[0] in "iu":
        values = values.round()
    assume(np.ptp(values) >= 10 or dtype[0] == "f")  # whole numbers from 0 to 1 have lost the picture
    limits = np.finfo(dtype) if dtype[0] == "f" else np.iinfo(dtype)
    assume(limits.min <= values.min() and values.max() <= limits.max)
    array = values.astype(dtype)
    array = (array, array[None], array[..., None], np.dstack([array] * 3))[shape]
    assert read(ma.predict, array) is not None, (array.min(), array.max())


@thorough
@given(st.data())
def test_a_network_reads_only_what_fits(data):
    array = data.draw(arrays.arrays(data.draw(DTYPES.filter(lambda dtype: dtype != object)), data.draw(SHAPES)))
    try:
        probabilities = ma.load_pretrained().predict_proba(array)
    except ma.MnistAnnError:
        return
    assert probabilities.shape == (len(array), 10) and np.isfinite(probabilities).all()
