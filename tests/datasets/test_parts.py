"""Folders of parts, ``train`` and ``test``, told from folders of classes."""

from __future__ import annotations

import pytest
from PIL import Image

from fastcnn.datasets import image_folder
from fastcnn.datasets._parts import find_parts, nested_warning, part_of

READERS = [
    image_folder.load,
    image_folder.open_folder,
    lambda folder: image_folder.image_dataset_from_directory(folder, verbose=False),
]


@pytest.fixture
def grow(tmp_path):
    """Makes a folder with a picture, or nothing, in each of the given subfolders."""

    def make(*folders, empty=()):
        for name in folders:
            home = tmp_path / "data" / name
            home.mkdir(parents=True)
            Image.new("L", (4, 4)).save(home / "0.png")
        for name in empty:
            (tmp_path / "data" / name).mkdir(parents=True)
        return tmp_path / "data"

    return make


def classes_in(*parts):
    return [f"{part}/{name}" for part in parts for name in ("cat", "dog")]


@pytest.mark.parametrize(
    ("folders", "train", "validation", "test"),
    [
        (classes_in("train", "test"), "train", None, "test"),
        (classes_in("Train", "Valid", "TEST"), "Train", "Valid", "TEST"),
        (classes_in("train", "val"), "train", "val", None),
        (classes_in("training_set", "test_set"), "training_set", None, "test_set"),
        (classes_in("train"), "train", None, None),
        ([*classes_in("train"), "test"], "train", None, None),
        ([*classes_in("train"), "test_images"], "train", None, None),
        ([*classes_in("pets-train", "pets-test")], "pets-train", None, "pets-test"),
        (classes_in("train", "test", "extra"), "train", None, "test"),
        ([*classes_in("train", "test"), "unknown"], "train", None, "test"),
    ],
)
def test_parts(folders, train, validation, test, grow):
    data = grow(*folders)
    parts = find_parts(data)
    assert parts is not None
    found = [part and part.name for part in parts[:3]]
    assert found == [train, validation, test]
    for read in READERS:
        with pytest.raises(ValueError, match=rf"holds the parts of a split \({train}.*'{data}/"):
            read(data)


@pytest.mark.parametrize(
    "folders",
    [
        ["bus", "car", "train"],
        ["bus", "train", "val"],  # pictures lie in them
        ["crash_test", "train_station"],
        ["cat", "dog/more"],
        ["cat/persian", "dog/poodle"],
        ["bus/red", "train/red"],
    ],
)
def test_classes(folders, grow, recwarn):
    data = grow(*folders)
    assert find_parts(data) is None
    for read in READERS:
        read(data)
    assert not recwarn.list


def test_parts_without_classes(grow):
    data = grow("train", "test")
    assert find_parts(data).unlabelled == (data / "test", data / "train")
    for read in READERS:
        with pytest.raises(ValueError, match="put the pictures of each class into a folder"):
            read(data)


def test_named_classes_are_classes(grow):
    data = grow("train", "test")
    dataset = image_folder.image_dataset_from_directory(
        data, class_names=["train", "test"], verbose=False
    )
    assert dataset.class_names == ("train", "test")


def test_one_part_twice(grow):
    data = grow(*classes_in("train", "training", "test"))
    with pytest.raises(ValueError, match="train and training could each be the train part"):
        find_parts(data)


@pytest.mark.parametrize("read", READERS)
def test_parts_of_other_names_are_mentioned(read, grow):
    data = grow(*classes_in("fold1", "fold2"))
    with pytest.warns(UserWarning, match=r"\(fold1, fold2\) hold only folders.*\(cat, dog\)"):
        read(data)


@pytest.mark.parametrize("read", READERS)
def test_a_folder_too_high_is_mentioned(read, grow):
    data = grow(*classes_in("pets"))
    with pytest.warns(UserWarning, match=rf"if these are the classes, give {data}/pets"):
        read(data)


def test_a_train_that_holds_only_folders_is_mentioned(grow):
    data = grow(*classes_in("train"), "to_predict")
    with pytest.warns(UserWarning, match=rf"{data}/train holds only folders \(cat, dog\)"):
        image_folder.load(data)


def test_nothing_to_mention(grow):
    data = grow("cat", "dog/old")
    assert nested_warning([data / "cat", data / "dog"]) == ""


def test_part_of(grow):
    data = grow(*classes_in("train", "val"), empty=["test"])
    assert part_of(data, "train") == data / "train"
    assert part_of(data, "test") == data / "val"
    assert part_of(data / "train", "test") == data / "train"


def test_part_of_what_is_missing(grow):
    data = grow(*classes_in("train"), "test")
    with pytest.raises(ValueError, match=rf"no test part .*it has {data}/train"):
        part_of(data, "test")
