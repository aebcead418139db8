"""The forms in which people keep digits: read as they are meant, or refused in one line; never in silence as something else."""
import csv
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import mnist_ann as ma
from mnist_ann import cli

TEST = ma.load_mnist()[1][:300]
X, Y = TEST.images.reshape(-1, 784), TEST.labels
NAMES = [f"pixel{k}" for k in range(784)]


def written(how, **options):
    return lambda path: how().to_csv(path, **options)


def labelled(columns, images=X):
    return pd.DataFrame(images, columns=columns).assign(label=Y)


TABLES = {
    "pandas' own names, and its index": written(lambda: pd.DataFrame(np.c_[Y, X])),
    "pandas' own names": written(lambda: pd.DataFrame(np.c_[Y, X]), index=False),
    "every cell quoted": written(lambda: pd.DataFrame(np.c_[Y, X]), index=False, header=False, quoting=csv.QUOTE_ALL),
    "pixels sorted by their names": written(lambda: labelled(NAMES)[["label", *sorted(NAMES)]], index=False),
    "pixels backwards": written(lambda: labelled(NAMES)[["label", *NAMES[::-1]]], index=False),
    "pixels column by column": written(lambda: labelled([f"{r}x{c}" for c in range(28) for r in range(28)], TEST.images.swapaxes(1, 2).reshape(-1, 784)), index=False),
    "columns of five characters": lambda path: np.savetxt(path, np.c_[Y, X], fmt="%5d"),
    "spaces beside the commas": lambda path: np.savetxt(path, np.c_[Y, X], fmt="%3d", delimiter=","),
    "semicolons": written(lambda: labelled(NAMES), index=False, sep=";"),
    "semicolons and decimal commas": written(lambda: labelled(NAMES).astype(float), index=False, sep=";", decimal=","),
    "tabs and decimal commas, without names": written(lambda: labelled(NAMES).astype(float), index=False, header=False, sep="\t", decimal=","),
    "Excel's line that tells its separator": lambda path: path.write_text("sep=;\n" + labelled(NAMES).to_csv(index=False, sep=";")),
    "the same in quotes, without names": lambda path: path.write_text('"sep=|"\r\n' + labelled(NAMES).to_csv(index=False, header=False, sep="|")),
}


@pytest.mark.parametrize("form", TABLES)
def test_tables_are_read(form, tmp_path):
    TABLES[form](path := tmp_path / "digits.csv")
    found = ma.load_digits(path)
    np.testing.assert_array_equal(found.images, TEST.images)
    np.testing.assert_array_equal(found.labels, Y)


@pytest.mark.parametrize("last", [False, True])
def test_a_table_without_names_that_is_sorted_by_class(last, tmp_path):
    "Its first 2,000 rows and more are all 0 at both ends."
    order = np.r_[np.resize(np.flatnonzero(Y == 0), 2100), np.flatnonzero(Y)]
    columns = (X[order], Y[order]) if last else (Y[order], X[order])
    pd.DataFrame(np.column_stack(columns)).to_csv(path := tmp_path / "digits.csv", index=False, header=False)
    np.testing.assert_array_equal(ma.load_digits(path).labels, Y[order])
    pd.DataFrame(np.column_stack(columns)[:2100]).to_csv(path, index=False, header=False)
    with pytest.raises(ma.MnistAnnError, match=r"digits\.csv: the first and the last column are all 0"):
        ma.load_digits(path)


@pytest.mark.parametrize("cell, told", [("NA", "line 1: pixel 4 is missing"), ("x", "line 1: pixel 4 is 'x'")])
def test_a_first_line_of_numbers_is_no_list_of_names(cell, told, tmp_path):
    rows = np.c_[Y, X][:20].astype(str)
    rows[0, 5] = cell
    (path := tmp_path / "digits.csv").write_text("\n".join(map(",".join, rows)))
    with pytest.raises(ma.MnistAnnError, match=told):
        ma.load_digits(path)


@pytest.mark.parametrize("columns, told", [(["label", *NAMES, "split"], r"Leave out what is neither: split\."), (["label", *NAMES], "there are no digits in it")])
def test_what_is_wrong_with_the_columns_is_named(columns, told, tmp_path):
    rows = 3 if "split" in columns else 0
    pd.DataFrame(np.zeros((rows, len(columns)), int), columns=columns).to_csv(path := tmp_path / "digits.csv", index=False)
    with pytest.raises(ma.MnistAnnError, match=told):
        ma.load_digits(path)


@pytest.mark.parametrize("names", ["trainX trainY", "xtrain ytrain", "X_train Y_train", "features labels", "arr_0 arr_1"])
def test_names_of_arrays(names, tmp_path):
    np.savez(path := tmp_path / "digits.npz", **dict(zip(names.split(), (TEST.images, Y))))
    np.testing.assert_array_equal(ma.load_digits(path).labels, Y)


def test_four_arrays_without_names_are_two_parts_and_the_plain_name_goes_before_the_longer(tmp_path):
    np.savez(path := tmp_path / "four.npz", TEST.images, Y, TEST.images[:50], Y[:50])
    assert [len(ma.load_digits(path, part)) for part in ("train", "test")] == [300, 50]
    np.savez(path := tmp_path / "more.npz", data_augmented=TEST.images[::-1], data=TEST.images, label_names=np.array(list("0123456789")), labels=Y)
    np.testing.assert_array_equal(ma.load_digits(path).images, TEST.images)


@pytest.mark.parametrize("change, transposed, told", [
    (lambda images: 255 - images, None, "dark on light paper"),
    (lambda images: 255 - images.swapaxes(1, 2), None, "rows and columns exchanged, as EMNIST's do, and are dark"),
    (lambda images: 255 - images.swapaxes(1, 2), True, "dark on light paper"),
    (lambda images: images.swapaxes(1, 2), None, "rows and columns exchanged")])
def test_digits_that_are_inverted_or_turned_are_put_right_with_a_word(change, transposed, told):
    with pytest.warns(UserWarning, match=told):
        found = ma.load_digits((np.ascontiguousarray(change(TEST.images)), Y), transposed=transposed)
    np.testing.assert_array_equal(found.images, TEST.images)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(ma.load_digits((TEST.images, Y)).images, TEST.images)


def test_labels_first_and_a_wrong_transposed_are_told():
    with pytest.raises(ma.MnistAnnError, match="the labels come first"):
        ma.load_digits((Y, TEST.images))
    with pytest.raises(ma.MnistAnnError, match="transposed must be"):
        ma.load_digits((TEST.images, Y), transposed="no")


def test_of_two_files_that_could_be_the_training_digits_none_is_chosen(tmp_path):
    for name in ("mnist_train.csv", "mnist_train_100.csv", "mnist_test.csv"):
        pd.DataFrame(np.c_[Y, X][:20]).to_csv(tmp_path / name, index=False, header=False)
    for part in (None, "train"):
        with pytest.raises(ma.MnistAnnError, match="2 files or folders could be those for 'train': mnist_train"):
            ma.load_digits(tmp_path, part)
    assert len(ma.load_digits(tmp_path, "test")) == 20


NUMERALS = "zero one two three four five six seven eight nine".split()
FOLDERS = {"words": NUMERALS, "two figures": [f"{k:02}" for k in range(10)], "digit3": [f"digit{k}" for k in range(10)],
           "both": [f"{k} - {word}" for k, word in enumerate(NUMERALS)], "class_3": [f"class_{k}" for k in range(10)]}


@pytest.mark.parametrize("names", FOLDERS)
@pytest.mark.parametrize("inside", ["", "MNIST/png"])
def test_folders_of_classes(names, inside, tmp_path):
    for digit, name in enumerate(FOLDERS[names]):
        (folder := tmp_path / inside / name).mkdir(parents=True)
        Image.fromarray(TEST.images[np.flatnonzero(Y == digit)[0]]).save(folder / "a.png")
    assert ma.load_digits(tmp_path).labels.tolist() == list(range(10))


def test_a_part_without_labels_does_not_hide_the_other(tmp_path):
    "As Kaggle has MNIST as pictures."
    for digit in range(10):
        (folder := tmp_path / "trainingSet/trainingSet" / str(digit)).mkdir(parents=True)
        Image.fromarray(TEST.images[np.flatnonzero(Y == digit)[0]]).save(folder / "a.png")
    (tmp_path / "testSet/testSet").mkdir(parents=True)
    Image.fromarray(TEST.images[0]).save(tmp_path / "testSet/testSet/img_1.jpg")
    assert len(ma.load_digits(tmp_path)) == 10
    with pytest.raises(ma.MnistAnnError, match="no digits with labels of the part 'test'"):
        ma.load_digits(tmp_path, "test")


@pytest.mark.parametrize("inside, told", [([], "It is empty"), (["notes.txt"], r"There are: notes\.txt"), (["0/"], "They are empty"), (["0/", "9/"], "They are empty")])
def test_a_folder_without_digits_says_what_is_there(inside, told, tmp_path):
    for name in inside:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    with pytest.raises(ma.MnistAnnError, match=told):
        ma.load_digits(tmp_path)


def test_idx_files_unpacked_in_two_ways_are_one_data_set(tmp_path):
    for kind, array in (("images-idx3", TEST.images), ("labels-idx1", Y)):
        ma.write_idx(tmp_path / f"train-{kind.replace('-', '.')}-ubyte", array)
        (folder := tmp_path / f"train-{kind}-ubyte").mkdir()
        ma.write_idx(folder / f"train-{kind}-ubyte", array)
    assert len(ma.load_digits(tmp_path)) == 300


NETWORK = ma.initialize((784, 8, 10))


def test_the_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ma.save_weights(NETWORK, "~/a.h5")
    assert ma.load_network("~/a.h5").sizes == (784, 8, 10) and [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_a_folder_that_is_not_there_is_named_and_weights_in_a_folder_are(tmp_path):
    with pytest.raises(ma.MnistAnnError, match="there is no folder .*nowhere"):
        ma.save_weights(NETWORK, tmp_path / "nowhere/a.h5")
    ma.save_weights(NETWORK, tmp_path / "weights.h5")
    (tmp_path / "training.csv").touch()
    with pytest.raises(ma.MnistAnnError, match=r"Name the file in it: weights\.h5"):
        ma.load_network(tmp_path)


@pytest.mark.parametrize("value", [None, [1, "a"], 2**64, [{"a": 1}]])
def test_what_a_file_of_weights_cannot_hold_is_refused(value, tmp_path):
    with pytest.raises(ma.MnistAnnError, match="attribute 'n' cannot be kept"):
        ma.save_weights(replace(NETWORK, attributes={"n": value}), tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())


def test_a_null_character_in_a_name(tmp_path):
    for write in (lambda: ma.save_weights(NETWORK, f"{tmp_path}/a\0.h5"), lambda: ma.write_idx(f"{tmp_path}/a\0", Y)):
        with pytest.raises(ma.MnistAnnError, match="null character"):
            write()


def test_a_run_that_goes_on_elsewhere_is_not_resumed(tmp_path, capsys):
    fcntl = pytest.importorskip("fcntl")
    (unfinished := tmp_path / "a.unfinished").mkdir()
    with open(unfinished / "_lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert cli.main(["train", "--name", "a", "--resume", "--runs", str(tmp_path)]) == 2
    assert "another process is writing there" in capsys.readouterr().err


def test_a_text_that_begins_like_a_dict_stays_a_text(tmp_path):
    ma.save_weights(replace(NETWORK, attributes={"n": "{x", "d": {"a": [1]}}), tmp_path / "a.h5")
    found = ma.load_network(tmp_path / "a.h5").attributes
    assert (found["n"], found["d"]) == ("{x", {"a": [1]})


@pytest.mark.parametrize("call", [lambda: ma.split(TEST, 10, seed=-1), lambda: ma.initialize((784, 3, 10), -1), lambda: ma.drawn_digits(3, -1),
                                  lambda: ma.train_by_hand(NETWORK, TEST, TEST, batch_size=0)])
def test_numbers_below_the_least_are_told_by_their_name(call):
    with pytest.raises(ma.MnistAnnError, match="(seed|batch_size) must be a whole number from"):
        call()
