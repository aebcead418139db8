"""Pictures as people bring them: after every filter of scipy.ndimage and OpenCV, from other packages, as files of many kinds."""
import base64
import gc
import io
import os
import sys
import warnings
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import mnist_ann as ma

WHOLE = np.full((200, 200), 255, np.uint8)
cv2.polylines(WHOLE, [np.int32([(66, 52), (134, 52), (90, 152)])], False, 0, 10, cv2.LINE_AA)
SEVEN = WHOLE / 255.0  # a picture from 0 to 1, black on white
SPREAD, BRIGHT = np.ones((3, 3)) / 9, np.float64([[0, -1, 0], [-1, 6, -1], [0, -1, 0]])


def transform(picture):
    return np.fft.fft2(picture)


def back(spectrum):
    return np.fft.ifft2(spectrum).real


SMOOTH = {  # what leaves the picture a picture: it is read
    "convolve": lambda x: ndimage.convolve(x, BRIGHT), "convolve1d": lambda x: ndimage.convolve1d(x, [.25, .5, .3]),
    "correlate": lambda x: ndimage.correlate(x, SPREAD),
    "correlate1d": lambda x: ndimage.correlate1d(x, [.2, .4, .2]), "gaussian_filter": lambda x: ndimage.gaussian_filter(x, 2),
    "gaussian_filter1d": lambda x: ndimage.gaussian_filter1d(x, 2),
    "generic_filter": lambda x: ndimage.generic_filter(x[::2, ::2], np.mean, 3),
    "generic_filter1d": lambda x: ndimage.generic_filter1d(x, lambda line, out: np.copyto(out, line[1:-1]), 3),
    "maximum_filter": lambda x: ndimage.maximum_filter(x, 3), "maximum_filter1d": lambda x: ndimage.maximum_filter1d(x, 3),
    "minimum_filter": lambda x: ndimage.minimum_filter(x, 3),
    "minimum_filter1d": lambda x: ndimage.minimum_filter1d(x, 3), "median_filter": lambda x: ndimage.median_filter(x, 3),
    "percentile_filter": lambda x: ndimage.percentile_filter(x, 30, 3),
    "rank_filter": lambda x: ndimage.rank_filter(x, 4, 3), "uniform_filter": lambda x: ndimage.uniform_filter(x, 5),
    "uniform_filter1d": lambda x: ndimage.uniform_filter1d(x, 5),
    "vectorized_filter": lambda x: ndimage.vectorized_filter(x, np.mean, size=3), "grey_closing": lambda x: ndimage.grey_closing(x, 3),
    "grey_dilation": lambda x: ndimage.grey_dilation(x, 3),
    "grey_erosion": lambda x: ndimage.grey_erosion(x, 3), "grey_opening": lambda x: ndimage.grey_opening(x, 3),
    "white_tophat": lambda x: ndimage.white_tophat(1 - x, 30),
    "black_tophat": lambda x: ndimage.black_tophat(x, 30), "binary_closing": lambda x: ndimage.binary_closing(x > .5),
    "binary_dilation": lambda x: ndimage.binary_dilation(x < .5),
    "binary_erosion": lambda x: ndimage.binary_erosion(x > .5), "binary_fill_holes": lambda x: ndimage.binary_fill_holes(x < .5),
    "binary_opening": lambda x: ndimage.binary_opening(x < .5),
    "binary_propagation": lambda x: ndimage.binary_propagation(x < .2, mask=x < .5), "label": lambda x: ndimage.label(x < .5)[0],
    "zoom": lambda x: ndimage.zoom(x, .7),
    "rotate": lambda x: ndimage.rotate(x, 5, cval=1), "shift": lambda x: ndimage.shift(x, (3.3, 4.4), cval=1),
    "affine_transform": lambda x: ndimage.affine_transform(x, [1.1, 1.1], cval=1),
    "geometric_transform": lambda x: ndimage.geometric_transform(x[::2, ::2], lambda at: (at[0] + .5, at[1]), cval=1),
    "spline_filter": lambda x: ndimage.spline_filter(x),
    "map_coordinates": lambda x: ndimage.map_coordinates(x, np.indices(x.shape) + .3, mode="nearest"), "spline_filter1d": lambda x: ndimage.spline_filter1d(x),
    "fourier_gaussian": lambda x: back(ndimage.fourier_gaussian(transform(x), 1)),
    "fourier_ellipsoid": lambda x: back(ndimage.fourier_ellipsoid(transform(x), 3)),
    "fourier_shift": lambda x: back(ndimage.fourier_shift(transform(x), 3.5)), "fourier_uniform": lambda x: back(ndimage.fourier_uniform(transform(x), 3)),
    "distance_transform_bf": lambda x: ndimage.distance_transform_bf(x[::2, ::2] < .5),
    "distance_transform_cdt": lambda x: ndimage.distance_transform_cdt(x < .5),
    "distance_transform_edt": lambda x: ndimage.distance_transform_edt(x < .5)}
EDGES = {  # what leaves its edges only: it is read as something, or doubted, but is not blank
    "gaussian_gradient_magnitude": lambda x: ndimage.gaussian_gradient_magnitude(x, 2), "gaussian_laplace": lambda x: ndimage.gaussian_laplace(x, 2),
    "generic_gradient_magnitude": lambda x: ndimage.generic_gradient_magnitude(x, ndimage.sobel),
    "generic_laplace": lambda x: ndimage.generic_laplace(x, lambda *a: ndimage.correlate1d(a[0], [1, -2, 1], a[1])),
    "laplace": ndimage.laplace, "morphological_gradient": lambda x: ndimage.morphological_gradient(x, 5),
    "morphological_laplace": lambda x: ndimage.morphological_laplace(x, 5),
    "prewitt": ndimage.prewitt, "sobel": ndimage.sobel}
OTHER = {"binary_hit_or_miss", "center_of_mass", "extrema", "find_objects", "histogram", "labeled_comprehension", "maximum", "maximum_position",
         "mean", "median", "minimum", "minimum_position", "standard_deviation", "sum", "sum_labels", "value_indices", "variance", "watershed_ift",
         "generate_binary_structure", "iterate_structure"}  # leave no picture
OPENCV = {"GaussianBlur": lambda x: cv2.GaussianBlur(x, (0, 0), 2), "blur": lambda x: cv2.blur(x, (5, 5)), "boxFilter": lambda x: cv2.boxFilter(x, -1, (5, 5)),
          "bilateralFilter": lambda x: cv2.bilateralFilter(x.astype(np.float32), 5, .3, 3), "filter2D": lambda x: cv2.filter2D(x, -1, BRIGHT),
          "medianBlur": lambda x: cv2.medianBlur(x.astype(np.float32), 5),
          "sepFilter2D": lambda x: cv2.sepFilter2D(x, -1, np.ones(3) / 3, np.ones(3) / 2.9), "sqrBoxFilter": lambda x: cv2.sqrBoxFilter(x, cv2.CV_64F, (3, 3)),
          "stackBlur": lambda x: cv2.stackBlur(x.astype(np.float32), (5, 5)), "pyrDown": cv2.pyrDown, "pyrUp": cv2.pyrUp,
          "dilate": lambda x: cv2.dilate(x, np.ones((3, 3))), "erode": lambda x: cv2.erode(x, np.ones((3, 3))),
          "normalize": lambda x: cv2.normalize(x, None, -1, 1, cv2.NORM_MINMAX),
          "addWeighted": lambda x: cv2.addWeighted(x, 1.5, cv2.GaussianBlur(x, (0, 0), 3), -.5, 0),
          "convertScaleAbs": lambda x: cv2.convertScaleAbs(x, alpha=200), "dct": lambda x: cv2.idct(cv2.dct(x)),
          "sharpened": lambda x: cv2.filter2D(x, -1, np.float64([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]])),
          "distanceTransform": lambda x: cv2.distanceTransform((x < .5).astype(np.uint8), cv2.DIST_L2, 5),
          "equalizeHist": lambda x: cv2.equalizeHist((x * 255).astype(np.uint8)),
          **{f"resize {way}": lambda x, way=way: cv2.resize(x, (28, 28) if way != "INTER_NEAREST" else (90, 90), interpolation=getattr(cv2, way))
             for way in ("INTER_NEAREST", "INTER_LINEAR", "INTER_CUBIC", "INTER_AREA", "INTER_LANCZOS4")},
          **{f"enlarged {way}": lambda x, way=way: cv2.resize(x, (450, 450), interpolation=getattr(cv2, way)) for way in ("INTER_CUBIC", "INTER_LANCZOS4")},
          **{f"threshold {way}": lambda x, way=way: cv2.threshold(x.astype(np.float32), .5, 1, getattr(cv2, way))[1] for way in ("THRESH_BINARY", "THRESH_BINARY_INV", "THRESH_TOZERO", "THRESH_TRUNC")},
          "morphologyEx MORPH_BLACKHAT": lambda x: cv2.morphologyEx(x, cv2.MORPH_BLACKHAT, np.ones((25, 25))),
          **{f"morphologyEx {way}": lambda x, way=way: cv2.morphologyEx(x, getattr(cv2, way), np.ones((5, 5))) for way in ("MORPH_OPEN", "MORPH_CLOSE")}}
OPENCV_EDGES = {"Laplacian": lambda x: cv2.Laplacian(x, -1), "Sobel": lambda x: cv2.Sobel(x, -1, 1, 0), "Scharr": lambda x: cv2.Scharr(x, -1, 0, 1),
    "Canny": lambda x: cv2.Canny((x * 255).astype(np.uint8), 50, 150),
                "morphologyEx MORPH_GRADIENT": lambda x: cv2.morphologyEx(x, cv2.MORPH_GRADIENT, np.ones((5, 5)))}


def read(picture):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return ma.predict(picture)


def ways(*tables):
    return [pytest.param(way, id=name) for table in tables for name, way in table.items()]


def test_the_filters_of_scipy_are_all_here():
    assert set(ndimage.__all__) <= SMOOTH.keys() | EDGES.keys() | OTHER


@pytest.mark.parametrize("way", ways(SMOOTH, OPENCV))
def test_a_filtered_picture_is_read(way):
    assert read(way(SEVEN)).digit == 7


@pytest.mark.parametrize("way", ways(EDGES, OPENCV_EDGES))
def test_edges_are_not_blank(way):
    read(way(SEVEN))


DIGIT = ma.load_mnist()[1].images[0]  # a seven, light on dark
UNIT = DIGIT / 255.0
SHAPES = {"(28, 28, 1)": UNIT[..., None], "(1, 28, 28)": UNIT[None], "(1, 1, 28, 28)": UNIT[None, None], "(1, 28, 28, 1)": UNIT[None, ..., None],
    "(784,)": UNIT.ravel(), "(1, 784)": UNIT.reshape(1, 784),
          "(784, 1)": UNIT.reshape(784, 1), "a list": UNIT.tolist(), "a list of whole numbers": DIGIT.tolist(), "normalised": (UNIT - 0.1307) / 0.3081,
          "from -1 to 1": 2 * UNIT - 1, "int16": DIGIT.astype(np.int16) - 3,
          "255.0001": DIGIT + 0.0001, "float16": UNIT.astype(np.float16), "uint16": DIGIT.astype(np.uint16) * 257, "12 bits": DIGIT.astype(np.uint16) * 16,
          "longdouble": UNIT.astype(np.longdouble),
          "enormous": UNIT * 1e300, "turned in memory": UNIT[::-1, ::-1][::-1, ::-1], "a masked array": np.ma.array(UNIT),
          "colours first": np.stack([SEVEN] * 3), "a buffer": memoryview(WHOLE)}


@pytest.mark.parametrize("array", SHAPES.values(), ids=SHAPES)
def test_an_array_may_have_any_shape_and_range(array):
    assert read(array).digit == 7


def test_a_canvas_is_read_with_any_ink():
    canvas = np.zeros((200, 200, 4), np.uint8)
    canvas[..., 3] = 255 - WHOLE
    for ink in (0, 120, 255):
        canvas[..., :3] = ink
        assert read(canvas).digit == 7 and read(canvas / 255).digit == 7
    assert read(np.dstack([WHOLE] * 3 + [0 * WHOLE])).digit == 7  # the transparency was forgotten


class Tensor:
    "What PyTorch's does when it is asked for an array."

    def __init__(self, answer):
        self.answer = answer

    def detach(self):
        return self

    def __array__(self, dtype=None, copy=None):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_tensors_are_read():
    import tensorflow as tf

    for tensor in (Tensor(UNIT[None]), tf.constant(UNIT, tf.float32), tf.constant(UNIT[None, ..., None], tf.bfloat16), tf.Variable(UNIT)):
        assert read(tensor).digit == 7


@pytest.mark.parametrize("error", [RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."),
                                   TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.")])
def test_a_tensor_that_is_elsewhere_is_told(error):
    with pytest.raises(ma.MnistAnnError, match=r"^a picture is an array, and this Tensor makes none .* Hand over picture.detach\(\).cpu\(\).numpy\(\)\.$"):
        ma.predict(Tensor(error))


@pytest.mark.parametrize("array, words", [
    (np.stack([DIGIT] * 9), "9 pictures.*Network.predict"), (ma.load_mnist()[1].images[:30].reshape(30, 784) / 255, "30 pictures.*Network.predict"),
    (np.stack([DIGIT] * 2)[..., None], "2 pictures"), (np.zeros((5, 90, 80, 3)), "5 pictures.*predict_many"), (np.zeros(785), "label"),
    (np.zeros(160_000, np.uint8), "160,000 numbers, use reshape"), (["a.png", "b.png"], "list of 2.*predict_many"), ([[1, 2], [3]], "makes none"),
    (np.full((9, 9), np.nan), "81 of the 81"), (UNIT * 1j, "not complex"), (np.array([["a"]]), "not <U1"), (7, "not int"), (None, "not NoneType"),
    ((DIGIT, 7), "tuple makes none"), (np.ones((90, 80)), r"blank.* It is float64 \(90, 80\) with values from 1 to 1; 0 was taken for black, 1 for white."),
    (b"", "empty"), (io.StringIO("a"), "gives str, not bytes"), (b"no picture", "not a picture"), ("https://example.com/7.png", "Download"),
    ("data:image/png;base64,iVBO!", "broken"), ("data:,", "empty"), ("data:image/png", "no comma"), ("x" * 80_026, "80,026 characters is no file name"),
    ("a\0b", "null character"), (".", r"^\.: this is a folder"), ("nowhere.png", "^nowhere.png: there is no such file"), (os.devnull, "device")])
def test_what_cannot_be_read_is_told_in_one_short_line(array, words):
    with pytest.raises(ma.MnistAnnError, match=words) as error:
        ma.predict(array)
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    "A folder of files in which a seven is on some page."
    folder, seven = tmp_path_factory.mktemp("files"), Image.fromarray(WHOLE)
    blank = Image.new("L", seven.size, 255)
    for name in ("pages.tif", "moving.gif", "moving.webp", "moving.png"):
        blank.save(folder / name, save_all=True, append_images=[blank, seven])
    seven.save(folder / "first.gif", save_all=True, append_images=[blank])
    for name in ("seven.png", "seven.jpg", "seven.bmp", "seven.jfif"):
        seven.save(folder / name)
    return folder


def test_the_first_page_that_is_not_blank_is_read_and_files_are_closed(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for path in sorted(folder.iterdir()):
            assert ma.predict(path).digit == 7, path
        del path
        gc.collect()
    for way in (lambda path: path.read_bytes(), lambda path: memoryview(path.read_bytes()), lambda path: io.BytesIO(path.read_bytes()), lambda path: open(path, "rb"),
                lambda path: "data:image/gif;base64," + base64.b64encode(path.read_bytes()).decode(), str):
        picture = way(folder / "moving.gif")
        assert ma.predict(picture).digit == 7
        if hasattr(picture, "close"):
            assert not picture.closed  # it is the caller's
            picture.close()


def test_heic_is_read_turned_as_the_camera_says_and_told_without_pillow_heif(folder, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    turn = Image.Exif()
    turn[0x0112] = 6
    photo = Image.fromarray(WHOLE[:, :150]).convert("RGB")
    pillow_heif.from_pillow(photo.rotate(90, expand=True)).save(folder / "phone.heic", exif=turn.tobytes())
    (folder / "renamed.jpg").write_bytes((folder / "phone.heic").read_bytes())
    for name in ("phone.heic", "renamed.jpg"):
        assert ma.load_grey(folder / name).shape == (200, 150) and ma.predict(folder / name).digit == 7
    (folder / "half.heic").write_bytes((folder / "phone.heic").read_bytes()[:500])
    monkeypatch.setattr(ma.pictures, "MAX_PIXELS", 20_000)
    for name, words in (("half.heic", "read"), ("phone.heic", "too many")):
        with pytest.raises(ma.MnistAnnError, match=f"{name}: .*{words}"):
            ma.predict(folder / name)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    with pytest.raises(ma.MnistAnnError, match=r'phone.heic: .*pip install "mnist_ann\[heic\]"'):
        ma.predict(folder / "phone.heic")
    for name in ("phone.heic", "renamed.jpg", "half.heic"):
        (folder / name).unlink()


def test_what_is_left_out_of_a_folder_is_named(tmp_path):
    Image.fromarray(WHOLE).save(tmp_path / "seven.png")
    for name in (".DS_Store", "Thumbs.db"):
        (tmp_path / name).touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [path.name for path in ma.pictures_in(tmp_path)] == ["seven.png"]
    for name in ("notes.txt", "photo.heic", "raw.dng"):
        (tmp_path / name).touch()
    with pytest.warns(UserWarning, match="2 of 4 are left out, since their names are no picture's: notes.txt, raw.dng$"):
        assert [path.name for path in ma.pictures_in(tmp_path)] == ["photo.heic", "seven.png"]


def test_every_error_begins_with_the_file(tmp_path):
    Image.new("L", (90, 80), 250).save(tmp_path / "blank.png")
    for function in (ma.load_grey, ma.prepare, ma.predict, ma.read_number, ma.plot_steps, ma.plot_looks):
        for name in ("blank.png", "none.png"):
            if (function, name) != (ma.load_grey, "blank.png"):
                with pytest.raises(ma.MnistAnnError, match=f"^{tmp_path / name}: "):
                    function(tmp_path / name)
    with pytest.raises(ma.MnistAnnError, match="blank.png: .* 90 x 80 pixels have a brightness from 250 to 250"):
        ma.predict(tmp_path / "blank.png")
    for path, error in ma.predict_many([tmp_path / "blank.png", tmp_path / "none.png", 7]):
        assert isinstance(error, ma.MnistAnnError) and (path == 7 or str(error).startswith(f"{path}: "))


@pytest.mark.skipif(sys.platform == "win32" or not os.getuid(), reason="here everything may be read")
def test_permission_denied_is_told(tmp_path):
    (tmp_path / "mine.png").write_bytes(b"")
    (tmp_path / "mine.png").chmod(0)
    with pytest.raises(ma.MnistAnnError, match="mine.png: this file may not be read: permission denied.$"):
        ma.predict(tmp_path / "mine.png")


def doubted(picture):
    "Whether the picture is refused, or not surely a digit."
    try:
        return not read(picture).is_sure
    except ma.MnistAnnError:
        return True


@pytest.mark.parametrize("pen", [1, 2, 3, 5])
@pytest.mark.parametrize("margin", [0, 7, 16])
def test_an_empty_frame_is_no_digit(pen, margin):
    paper = 235 + np.random.default_rng(pen).normal(0, 3, (300, 260))
    for right in (0, 5, 11):  # the sides may be nearer to the border, and then the sheet within is cut nearer to one of them
        frame = cv2.rectangle(paper.copy(), (margin, margin), (259 - margin - right, 299 - margin), 60, pen)
        assert doubted(frame.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("dark", [False, True])
def test_a_crop_without_a_margin_is_read(dark):
    zero = cv2.ellipse(np.full((160, 110), 235, np.uint8), (55, 80), (40, 65), 0, 0, 360, 40, 29, cv2.LINE_AA)
    assert (zero < 128).mean() > 0.55  # most of it is ink
    answer = ma.predict(255 - zero if dark else zero)
    assert answer.digit == 0
    one = cv2.line(np.full((200, 44), 235, np.uint8), (28, 12), (15, 187), 40, 24, cv2.LINE_AA)
    assert ma.predict(255 - one if dark else one).digit == 1


def on_a_table(sheet, shadow):
    "A sheet (height, width) on a dark table, turned by four degrees, in a shadow (360, 360) from 0 to 1."
    turn = cv2.getRotationMatrix2D((sheet.shape[1] / 2, sheet.shape[0] / 2), 4, 1)
    turn[:, 2] += (360 - sheet.shape[1]) / 2, (360 - sheet.shape[0]) / 2
    view = cv2.warpAffine(sheet, turn, (360, 360), borderValue=70) * (1 - 0.45 * shadow)
    return (view + np.random.default_rng(0).normal(0, 2, view.shape)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("angle", range(0, 360, 30))
@pytest.mark.parametrize("soft", [8, 20])
def test_light_and_shadow_on_an_empty_sheet_are_no_digit(angle, soft):
    rows, columns = np.mgrid[-180:180, -180:180]
    away = columns * np.cos(np.radians(angle)) + rows * np.sin(np.radians(angle))
    for begins in (-30, 0, 40):
        assert doubted(on_a_table(np.full((250, 190), 225.0), 1 / (1 + np.exp(-(away - begins) / soft))))


def test_a_digit_that_a_shadow_crosses_is_no_half_digit():
    six = np.full((250, 190), 225.0)
    cv2.polylines(six, [np.int32([(110, 60), (80, 110), (72, 150), (84, 182), (108, 184), (122, 160), (110, 138), (78, 150)])], False, 40, 10, cv2.LINE_AA)
    rows, _ = np.mgrid[-180:180, -180:180]
    for begins in range(-60, 70, 10):
        answer = read(on_a_table(six, 1 / (1 + np.exp(-(rows - begins) / 3))))
        assert answer.digit == 6 or not answer.is_sure


def test_opencv_and_products_keep_their_threads():
    from threadpoolctl import threadpool_info, threadpool_limits

    def threads():
        return cv2.getNumThreads(), {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    with threadpool_limits(2, "blas"):
        before = threads()
        answers = ma.predict_many([WHOLE] * 30, workers=3)
        assert next(answers)[1].digit == 7
        assert sum(answer.digit == 7 for _, answer in answers) == 29
        assert threads() == before


# What people draw around digits, and beside them

TEST = ma.load_mnist()[1]
SIX = [500, 505, 510, 515, 520, 525]


def inked(number, high):
    "A test digit, cut out and so many pixels high: from 0 to 1."
    image = TEST.images[number]
    rows, columns = np.nonzero(image > 60)
    image = image[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
    return cv2.resize(image, (max(3, round(image.shape[1] * high / len(image))), high), interpolation=cv2.INTER_CUBIC) / 255.0


def put(page, ink, left, top, brightness=40.0):
    part = page[top:top + ink.shape[0], left:left + ink.shape[1]]
    part[:] = np.clip(part * (1 - ink) + brightness * ink, 0, 255)


def in_a_row(numbers, gap=22, strength=lambda place: 1.0):
    "The digits beside each other, 60 pixels high from row 50 on, and where each begins and ends."
    page, left, ends = np.full((160, 100 + (78 + gap) * len(numbers)), 230.0), 40, []
    for place, number in enumerate(numbers):
        ink = inked(number, 60)
        put(page, strength(place) * ink, left, 50)
        ends.append((left, left + ink.shape[1]))
        left += ink.shape[1] + gap
    return page[:, :left + 40], ends


def text_of(numbers):
    return "".join(map(str, TEST.labels[numbers]))


@pytest.mark.parametrize("pen, margin", [(2, 12), (1, 10), (3, 16), (2, 20), (3, 30)])
def test_the_sides_of_a_box_around_a_row_are_no_ones(pen, margin):
    page, ends = in_a_row(SIX)
    cv2.rectangle(page, (ends[0][0] - margin, 50 - margin), (ends[-1][1] + margin, 110 + margin), 40, pen)
    assert ma.read_number(page.astype(np.uint8)).text == text_of(SIX)


@pytest.mark.parametrize("high, brightness", [(80, 40), (100, 40), (90, 140)])
def test_lines_between_digits_are_no_ones(high, brightness):
    page, ends = in_a_row(SIX, gap=40)
    for (_, end), (begin, _) in zip(ends, ends[1:]):
        cv2.line(page, ((end + begin) // 2, 80 - high // 2), ((end + begin) // 2, 80 + high // 2), brightness, 2)
    assert ma.read_number(page.astype(np.uint8)).text == text_of(SIX)


def test_three_ones_of_one_height_are_ones():
    ones = np.flatnonzero(TEST.labels == 1)[:5]
    assert ma.read_number(in_a_row(ones)[0].astype(np.uint8)).text == "11111"


@pytest.mark.parametrize("strength", [0.3, 0.25, 0.2])
def test_a_faint_digit_among_others_is_read_or_its_place_is_doubted(strength):
    number = ma.read_number(in_a_row(SIX, strength=lambda place: strength if place == 2 else 1.0)[0].astype(np.uint8))
    assert number.text == text_of(SIX) or number.is_sure is False


def right_or_doubted(page, numbers):
    "Whether a row is read as it was written; and whether it is surely read as anything else."
    try:
        number = ma.read_number(page.clip(0, 255).astype(np.uint8))
    except ma.MnistAnnError:
        return False, False
    return number.text == text_of(numbers), number.text != text_of(numbers) and number.is_sure


def test_the_edge_of_a_sheet_is_no_digit_of_its_row():
    rng, results = np.random.default_rng(46), []
    for angle in 25 * (-4, -2, 2, 4):
        numbers = rng.integers(0, 10_000, rng.integers(3, 8))
        shrink, margin = rng.uniform(0.35, 0.8), int(rng.integers(40, 110))
        page = cv2.resize(in_a_row(numbers)[0], None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        height, width = page.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        turn[:, 2] += margin
        sheet, on = (cv2.warpAffine(some, turn, (width + 2 * margin, height + 2 * margin)) for some in (page, np.ones_like(page)))
        grain = cv2.GaussianBlur(rng.standard_normal(sheet.shape), (0, 0), sigmaX=9, sigmaY=2)
        table = rng.uniform(30, 110) + rng.uniform(2, 8) * grain / grain.std()
        results.append(right_or_doubted(sheet * on + table * (1 - on) + rng.normal(0, 2, sheet.shape), numbers))
    right, surely_wrong = np.sum(results, axis=0)
    assert right >= 93 and surely_wrong <= 2, (right, surely_wrong)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("soft", [0.5, 2, 4])
def test_a_blot_beside_a_row_is_no_digit(side, soft):
    results = []
    for radius in (11, 13, 15, 17, 19, 21):
        page, ends = in_a_row(SIX)
        x = max(radius + 1, ends[0][0] - radius - 8) if side == 0 else ends[-1][1] + radius + 8
        blot = cv2.GaussianBlur(cv2.circle(np.zeros_like(page), (x, 80), radius, 1.0, -1, cv2.LINE_AA), (0, 0), soft)
        results.append(right_or_doubted(page * (1 - 0.7 * blot), SIX))
    right, surely_wrong = np.sum(results, axis=0)
    assert right >= 4 and not surely_wrong


@pytest.mark.parametrize("below", [True, False])
def test_a_dot_above_or_below_a_digit_of_a_row_does_not_change_it(below):
    wrong = 0
    for zero in np.flatnonzero(TEST.labels == 0)[:12]:
        for place, gap in ((0, 6), (2, 10)):
            numbers = [*SIX[:place], zero, *SIX[place + 3:]]
            page, ends = in_a_row(numbers)
            cv2.circle(page, (sum(ends[place]) // 2, 115 + gap if below else 45 - gap), 5, 40.0, -1, cv2.LINE_AA)
            right, surely_wrong = right_or_doubted(page, numbers)
            wrong += not right
            assert not surely_wrong
    assert wrong <= 2


def between(make, gap=40):
    "Of twenty rows of five digits with two signs between them: how many are read without the signs, and how many surely as anything else."
    rng, results = np.random.default_rng(5), []
    for _ in range(20):
        numbers = rng.integers(0, 10_000, 5)
        page, ends = in_a_row(numbers, gap=gap)
        for place in rng.choice(4, 2, replace=False):
            make(page, (ends[place][1] + ends[place + 1][0]) // 2, rng)
        results.append(right_or_doubted(page, numbers))
    return np.sum(results, axis=0)


def slash(page, x, rng):
    high, lean = rng.uniform(30, 36), rng.uniform(0.32, 0.6)
    cv2.line(page, (int(x - lean * high), int(80 + high)), (int(x + lean * high), int(80 - high)), 40.0, 5, cv2.LINE_AA)


def bracket(page, x, rng):
    cv2.ellipse(page, (int(x + 10 * (way := rng.choice([-1, 1]))), 80), (14, int(rng.uniform(36, 42))), 0, 110 if way > 0 else -70, 250 if way > 0 else 70, 40.0, 5, cv2.LINE_AA)


def colon(page, x, rng):
    radius, apart = int(rng.integers(3, 6)), int(rng.integers(12, 22))
    for y in (82 - apart, 82 + apart):
        cv2.circle(page, (int(x), y), radius, 40.0, -1, cv2.LINE_AA)


def per_cent(page, x, rng):
    slash(page, x, rng)
    for way in (-1, 1):
        cv2.circle(page, (int(x + 17 * way), 80 + 16 * way), int(rng.integers(9, 12)), 40.0, 4, cv2.LINE_AA)


def test_signs_between_digits_are_never_surely_digits():
    right, surely_wrong = between(colon)
    assert right >= 17 and not surely_wrong
    for make, gap in ((slash, 40), (bracket, 40), (per_cent, 80)):
        right, surely_wrong = between(make, gap)
        assert surely_wrong <= 2, (make.__name__, surely_wrong)


@pytest.mark.parametrize("gap", [20, 24, 28])
def test_a_digit_of_a_row_that_fell_to_pieces_is_not_left_out_in_silence(gap):
    for place in range(1, 5):
        page, ends = in_a_row(SIX)
        begin, end = ends[place]
        page[80 - gap // 2:80 + gap // 2, begin - 4:end + 4] = 230
        assert not right_or_doubted(page, SIX)[1]


def test_printed_fours_side_by_side_are_never_surely_something_else():
    for text in ("445", "8445946"):
        page = cv2.putText(np.full((140, 320), 255, np.uint8), text, (10, 95), cv2.FONT_HERSHEY_SIMPLEX, 2, 0, 5, cv2.LINE_AA)
        number = ma.read_number(page)
        assert number.text == text or number.is_sure is False


@pytest.mark.parametrize("radius, brightness", [(120, 20), (110, 70), (130, 120)])
def test_a_light_digit_on_a_dark_disc(radius, brightness):
    for number in (502, 504, 506, 507):
        page = cv2.circle(np.full((300, 300), 250.0), (150, 150), radius, brightness, -1, cv2.LINE_AA)
        ink = inked(number, 114)
        put(page, ink, 150 - ink.shape[1] // 2, 93, 245.0)
        assert ma.predict(page.astype(np.uint8)).digit == TEST.labels[number]


@pytest.mark.parametrize("gap, aside", [(70, 0), (190, 0), (60, 50)])
def test_two_digits_one_above_the_other_are_doubted(gap, aside):
    page = np.full((500, 300), 240.0)
    put(page, inked(501, 120), 100, 60)
    put(page, inked(502, 120), 100 + aside, 180 + gap)
    with pytest.warns(UserWarning, match="2 digits"):
        assert ma.predict(page.astype(np.uint8)).is_sure is False


@pytest.mark.parametrize("gap", [12, 20, 30])
def test_a_digit_with_a_line_below_it(gap):
    for number in (501, 503, 512, 513):
        page, ink = np.full((300, 300), 240.0), inked(number, 130)
        left = 150 - ink.shape[1] // 2
        put(page, ink, left, 85)
        cv2.line(page, (left - 10, 217 + gap), (left + ink.shape[1] + 10, 215 + gap), 40, 7, cv2.LINE_AA)
        assert ma.predict(page.astype(np.uint8)).digit == TEST.labels[number]


def squared(step, darkness, tilt, seed, upright=True):
    "An empty sheet (320, 320) with lines that are darker than its 236 by this share, and tilted by so many degrees."
    lines = np.zeros((640, 640))
    first = np.random.default_rng(seed).integers(step, size=2)
    for place in range(0, 640 - step, step):
        lines[place + first[0]:place + first[0] + 2] = 1
        if upright:
            lines[:, place + first[1]:place + first[1] + 2] = 1
    turned = cv2.warpAffine(lines, cv2.getRotationMatrix2D((320, 320), tilt, 1), (640, 640))[160:480, 160:480]
    return cv2.GaussianBlur(236 * (1 - darkness * turned), (0, 0), 0.7) + np.random.default_rng(seed).normal(0, 3, (320, 320))


@pytest.mark.parametrize("step", [26, 40, 70])
@pytest.mark.parametrize("darkness, pencil, tilt", [(0.3, 0.5, 1), (0.6, 0.5, 3), (0.8, 0.35, -2), (0.6, 0.4, 5)])
@pytest.mark.parametrize("upright", [True, False])
def test_lines_of_the_paper_that_are_darker_than_the_pencil(step, darkness, pencil, tilt, upright):
    right = 0
    for number in range(500, 520):
        page, ink = squared(step, darkness, tilt, number, upright=upright), inked(number, 170)
        ink, place = np.clip(ink, 0, 1), np.s_[75:245, 160 - ink.shape[1] // 2:160 - ink.shape[1] // 2 + ink.shape[1]]
        page[place] *= 1 - pencil * ink
        answer = read(page.clip(0, 255).astype(np.uint8))
        assert answer.digit == TEST.labels[number] or not answer.is_sure, number
        right += answer.digit == TEST.labels[number]
    assert right >= 17


@pytest.mark.parametrize("step", [26, 40, 70])
@pytest.mark.parametrize("darkness, tilt", [(0.3, 1), (0.6, 3), (0.8, -2), (0.6, 5)])
def test_there_is_no_digit_on_empty_squared_paper(step, darkness, tilt):
    assert sum(not doubted(squared(step, darkness, tilt, seed).clip(0, 255).astype(np.uint8)) for seed in range(10)) <= 1


@pytest.mark.parametrize("gap", [6, 14, 24, 40])
@pytest.mark.parametrize("below", [True, False])
def test_a_dot_above_or_below_makes_a_doubt(gap, below):
    for pen in (8, 14, 20):
        page = np.full((320, 240), 235, np.uint8)
        cv2.line(page, (124, 90), (118, 200), 40, pen, cv2.LINE_AA)
        gap_from_ink = gap + pen
        cv2.circle(page, (118, 200 + gap_from_ink) if below else (124, 90 - gap_from_ink), max(5, int(0.65 * pen)), 40, -1, cv2.LINE_AA)
        assert doubted(page), pen


@pytest.mark.parametrize("gap", [6, 10, 16, 24])
@pytest.mark.parametrize("pen", [10, 16])
def test_a_five_whose_bar_stands_apart(gap, pen):
    page = np.full((300, 260), 235, np.uint8)
    bowl = [(105, 100), (98, 140), (135, 138), (158, 160), (155, 195), (125, 215), (92, 205)]
    cv2.polylines(page, [np.int32(bowl)], False, 40, pen, cv2.LINE_AA)
    bar = 100 - pen - gap
    cv2.line(page, (112, bar + 4), (168, bar - 2), 40, pen, cv2.LINE_AA)
    answer = read(page)
    assert answer.digit == 5 or not answer.is_sure
    if gap < 20:
        assert answer.digit == 5


@pytest.mark.parametrize("most", [10, 15, 40, 100])
def test_faint_images_as_mnists_are_stretched(most):
    images = (TEST.images[500:600] * (most / 255)).round().astype(np.uint8)
    for faint in (images, 255 - images):
        assert sum(ma.predict(image).digit == label for image, label in zip(faint, TEST.labels[500:600])) >= 98


def test_grey_with_opacity_and_three_equal_planes():
    image = TEST.images[500]
    page = np.pad(image, 20)
    with_opacity = np.dstack([np.zeros_like(page), page])  # black ink, and nothing around it
    for picture in (np.stack([image] * 3), with_opacity, np.dstack([255 - page, np.full_like(page, 255)])):
        assert ma.predict(picture).digit == TEST.labels[500]
    with pytest.raises(ma.MnistAnnError, match="are 3 pictures"):
        ma.predict(TEST.images[500:503])


@pytest.mark.parametrize("n", [1, 2, 20, 300])
def test_rows_of_785_numbers_begin_with_a_label(n):
    table = np.c_[TEST.labels[:n], TEST.images[:n].reshape(n, -1)]
    with pytest.raises(ma.MnistAnnError, match="Leave out the label, the first of 785 numbers"):
        ma.predict(table)


def test_base64_as_an_address_bears_it():
    encoded = cv2.imencode(".png", cv2.resize(255 - TEST.images[500], (140, 140)))
    body = base64.b64encode(encoded[1].tobytes()).decode()
    for form in (body, body.rstrip("="), quote(body, safe=""), body.replace("+", "-").replace("/", "_")):
        assert ma.predict(f"data:image/png;base64,{form}").digit == TEST.labels[500]
