"""Pictures in batches: order, threads, cache, broken files, an end at any moment."""

from __future__ import annotations

import os
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from fastcnn.datasets import _pixel_cache, _scan, image_dataset, image_folder
from fastcnn.datasets.image_folder import image_dataset_from_directory


@pytest.fixture
def pets(tmp_path):
    """20 cats and 10 dogs; picture i of all is grey of level 8 * i."""
    home = tmp_path / "pets"
    level = 0
    for name, count in [("cat", 20), ("dog", 10)]:
        (home / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (12, 9), 8 * level).save(home / name / f"{number:02}.png")
            level += 1
    return home


def opened(folder, **settings):
    return image_dataset_from_directory(
        folder, **{"image_size": (6, 8), "batch_size": 7, "verbose": False, "seed": 1} | settings
    )


def levels(dataset, epoch=0, start=0):
    """Which pictures the batches of an epoch hold, and their labels."""
    pairs = list(dataset.batches(epoch, start))
    x = np.concatenate([x for x, _ in pairs])
    assert x.dtype == np.uint8
    return (x[:, 3, 4, 0] // 8).tolist(), np.concatenate([y for _, y in pairs]).tolist()


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("fastcnn-pictures")]


def test_batches_in_the_order_of_the_names(pets):
    dataset = opened(pets, shuffle=False)
    assert len(dataset) == 5
    shapes = [(x.shape, y.shape, y.dtype) for x, y in dataset]
    assert shapes[0] == ((7, 6, 8, 3), (7,), np.int32)
    assert shapes[4][0] == (2, 6, 8, 3)
    assert levels(dataset) == (list(range(30)), [0] * 20 + [1] * 10)
    assert dataset.class_names == ("cat", "dog")
    assert threads() == []


@pytest.mark.parametrize("cache", [True, False])
def test_same_order_for_any_number_of_threads(cache, pets):
    runs = []
    for count in (1, 2, 7):
        dataset = opened(pets, threads=count, cache=cache)
        runs.append([levels(dataset, epoch) for epoch in (0, 1, 0)])
    assert runs[0] == runs[1] == runs[2]
    first, second, again = runs[0]
    assert first[1] == [int(level >= 20) for level in first[0]]
    assert first == again
    assert first != second
    assert sorted(first[0]) == sorted(second[0]) == list(range(30))
    # From the middle of an epoch on, as a training does that goes on after a restart.
    assert levels(dataset, 1, start=3)[0] == second[0][21:]


def test_every_picture_is_decoded_once(pets, monkeypatch):
    decoded = []
    read = image_dataset.read_picture
    monkeypatch.setattr(
        image_dataset, "read_picture", lambda path, form: decoded.append(path) or read(path, form)
    )
    first = opened(pets)
    before = [levels(first, epoch) for epoch in (0, 1)]
    assert len(decoded) == 30
    assert [levels(opened(pets), epoch) for epoch in (0, 1)] == before  # another process' work
    assert sorted(levels(opened(pets, seed=9), 0)[0]) == list(range(30))  # another order
    assert len(decoded) == 30
    # Another size of picture, or a file that changed, is another cache.
    list(opened(pets, image_size=(4, 4)))
    assert len(decoded) == 60
    Image.new("L", (12, 9), 255).save(pets / "cat" / "00.png")
    assert 31 in levels(opened(pets, shuffle=False))[0]
    assert len(decoded) == 90


def cache_file(tmp_path):
    (path,) = (tmp_path / "cache" / "pictures").iterdir()
    return path


def test_a_damaged_or_shortened_cache_does_no_harm(pets, tmp_path):
    expected = levels(opened(pets, shuffle=False))
    path = cache_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[4096 + 6 * 8 * 3 * 5 + 10] ^= 255
    path.write_bytes(content)
    assert levels(opened(pets, shuffle=False)) == expected
    path.write_bytes(content[:5000])
    assert levels(opened(pets, shuffle=False)) == expected
    assert levels(opened(pets, shuffle=False)) == expected


def test_a_cache_left_in_the_middle_is_gone_on_with(pets, tmp_path):
    dataset = opened(pets, shuffle=False)
    batches = dataset.batches(0)
    next(batches)
    batches.close()
    assert 7 <= dataset._cache.filled() <= 28
    assert threads() == []
    assert levels(opened(pets, shuffle=False))[0] == list(range(30))
    assert dataset._cache.filled() == 30


def test_checksums_are_never_zero(monkeypatch):
    monkeypatch.setattr(zlib, "crc32", lambda _: 0)
    assert _pixel_cache._checksum(np.zeros(3, np.uint8)) == 1


def test_the_cache_is_bounded(pets, tmp_path, capsys):
    dataset = opened(pets, cache_bytes=100, verbose=True)
    assert "more than the cache's 0.0 GB: every epoch decodes them again" in capsys.readouterr().out
    assert sorted(levels(dataset)[0]) == list(range(30))
    folder = tmp_path / "kept"
    levels(opened(pets, cache=folder))
    (old,) = folder.iterdir()
    levels(opened(pets, cache=folder, image_size=(5, 5), cache_bytes=12_000))
    assert [path.name for path in folder.iterdir()] != [old.name]
    assert len(list(folder.iterdir())) == 1


def test_a_full_disk_ends_the_keeping(pets, monkeypatch):
    dataset = opened(pets)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_pixel_cache.os, "pwrite", full)
    with pytest.warns(UserWarning, match="no longer kept .*No space left.*cache=False"):
        assert sorted(levels(dataset)[0]) == list(range(30))


def break_two(pets):
    (pets / "cat" / "03.png").write_bytes(b"")
    whole = (pets / "dog" / "01.png").read_bytes()
    (pets / "dog" / "01.png").write_bytes(whole[: len(whole) // 2])


def test_broken_files_are_named_before_the_first_epoch(pets, capsys):
    break_two(pets)
    with pytest.raises(
        ValueError, match=r"(?s)2 of 30 files cannot be read.*03.png: it is empty"
    ) as e:
        opened(pets, shuffle=False)
    assert "01.png" in str(e.value)
    assert "unreadable='skip'" in str(e.value)
    dataset = opened(pets, shuffle=False, unreadable="skip", verbose=True)
    shown = capsys.readouterr().out
    assert "Found 30 files belonging to 2 classes. cat 20, dog 10" in shown
    assert "2 of 30 files cannot be read as pictures and are left out" in shown
    assert levels(dataset)[0] == [i for i in range(30) if i not in (3, 21)]


def test_many_broken_files_are_counted(pets):
    for path in (pets / "cat").iterdir():
        path.write_bytes(b"none")
    with pytest.raises(ValueError, match=r"(?s)20 of 30 files .*cat/00.png.*and 10 more"):
        opened(pets)


def damage(path):
    """Makes a picture that begins and ends well but cannot be decoded."""
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 255
    path.write_bytes(content)


def test_damage_that_only_decoding_shows(pets):
    damage(pets / "cat" / "05.png")
    with pytest.raises(ValueError, match=r"05.png cannot be read .*unreadable='skip'"):
        levels(opened(pets, shuffle=False))
    assert threads() == []


@pytest.mark.parametrize("cache", [True, False])
def test_what_is_left_out_is_left_out_everywhere(cache, pets, capsys):
    damage(pets / "cat" / "05.png")
    damage(pets / "dog" / "09.png")
    break_two(pets)
    for _ in range(2):  # the second time from the cache
        dataset = opened(pets, shuffle=False, unreadable="skip", cache=cache, verbose=True)
        shown = capsys.readouterr().out
        assert "4 of 30 files cannot be read as pictures and are left out" in shown
        assert f"{pets}/cat/05.png: " in shown
        assert "26 files are left. cat 18, dog 8" in shown
        kept = [i for i in range(30) if i not in (3, 5, 21, 29)]
        assert [int(path[-6:-4]) + 20 * ("dog" in path) for path in dataset.file_paths] == kept
        assert dataset.labels.tolist() == [int(i >= 20) for i in kept]
        assert levels(dataset) == (kept, dataset.labels.tolist())
        assert (dataset.examples, len(dataset)) == (26, 4)
        assert sorted(dataset.broken) == [3, 5, 21, 29]


def test_parts_and_orders_have_the_same_pictures(pets):
    damage(pets / "cat" / "05.png")
    dataset = opened(pets, unreadable="skip")
    listed = [int(path[-6:-4]) + 20 * ("dog" in path) for path in dataset.file_paths]
    assert levels(dataset)[0] != listed
    assert levels(dataset.in_order()) == (listed, dataset.labels.tolist())
    for rows in ([4, 2, 9], np.array([2, 4]), np.arange(29) > 20):
        part = dataset.part(rows)
        chosen = np.array(listed)[rows].tolist()
        assert levels(part) == (chosen, part.labels.tolist())
        assert (part.examples, part.broken) == (len(chosen), {})
    with pytest.raises(ValueError, match="rows is empty"):
        dataset.part([])
    with pytest.raises(IndexError):
        dataset.part([29])


def test_pictures_are_decoded_once_when_some_are_left_out(pets, monkeypatch):
    damage(pets / "cat" / "05.png")
    decoded = []
    for module in (image_dataset, _scan):
        read = module.read_picture
        monkeypatch.setattr(
            module,
            "read_picture",
            lambda path, form, read=read: decoded.append(1) or read(path, form),
        )
    levels(opened(pets, unreadable="skip"))
    assert len(decoded) == 30


@pytest.mark.parametrize("vanished", [True, False])
def test_damage_after_opening(vanished, pets):
    dataset = opened(pets, shuffle=False, unreadable="skip", cache=False)
    if vanished:
        (pets / "cat" / "05.png").unlink()
    else:
        damage(pets / "cat" / "05.png")
    with pytest.raises(ValueError, match=r"05.png.* could be read when the data set was made"):
        levels(dataset)
    assert threads() == []


def test_nothing_that_can_be_read(pets):
    for path in pets.rglob("*.png"):
        damage(path)
    with pytest.raises(ValueError, match=r"no pictures that can be read\n30 of 30 files"):
        opened(pets, unreadable="skip")


def test_names_that_are_not_text(pets, capfdbinary):
    home = os.fsencode(pets)
    os.rename(home + b"/cat", home + b"/caf\xe9")
    with open(home + b"/caf\xe9/\xff.png", "wb"):
        pass
    dataset = opened(home, unreadable="skip", shuffle=False, verbose=True)
    assert len(levels(dataset)[0]) == 30
    shown = capfdbinary.readouterr().out.decode()
    assert r"caf\udce9 21, dog 10" in shown
    assert r"\udcff.png: it is empty" in shown


def test_one_label_for_each_file(pets):
    files = sorted(map(str, pets.rglob("*.png")))
    form = image_dataset.Form((6, 8))
    with pytest.raises(ValueError, match="31 labels for 30 files"):
        image_dataset.ImageDataset(files, np.zeros(31), form)


def test_uneven_classes_are_mentioned(pets, capsys):
    for path in sorted((pets / "dog").iterdir())[2:]:
        path.unlink()
    opened(pets, verbose=True)
    assert "cat 20, dog 2. The largest has 10 times as many" in capsys.readouterr().out


def test_labels_and_subsets(pets, capsys):
    train, validation = opened(pets, validation_split=0.2, subset="both", verbose=True)
    assert "Using 24 files for training.\nUsing 6 files for validation." in capsys.readouterr().out
    assert sorted(levels(train)[0] + levels(validation)[0]) == list(range(30))
    alone = opened(pets, validation_split=0.2, subset="validation")
    assert sorted(levels(alone)[0]) == sorted(levels(validation)[0])
    x, y = next(iter(opened(pets, label_mode="categorical")))
    assert (y.shape, y.dtype) == ((7, 2), np.float32)
    x, y = next(iter(opened(pets, label_mode="binary")))
    assert (y.shape, y.dtype) == ((7, 1), np.float32)
    x = next(iter(opened(pets, labels=None, label_mode=None, color_mode="rgba")))
    assert x.shape == (7, 6, 8, 4)
    numbers = [i % 3 for i in range(30)]
    assert levels(opened(pets, labels=numbers, shuffle=False))[1] == numbers
    assert levels(opened(pets, class_names=["dog", "cat"], shuffle=False))[1] == [0] * 10 + [1] * 20


@pytest.mark.parametrize("form", [list, tuple, np.array, lambda v: np.array(v, np.int64)])
def test_any_integers_are_labels(form, pets):
    numbers = [(7, -2, 1000)[i % 3] for i in range(30)]
    dataset = opened(pets, labels=form(numbers), shuffle=False)
    assert levels(dataset)[1] == numbers
    assert dataset.labels.dtype == np.int32
    assert dataset.class_names == ("-2", "7", "1000")
    one_hot = opened(pets, labels=form(numbers), shuffle=False, label_mode="categorical").labels
    np.testing.assert_array_equal(one_hot[:3], [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    shuffled = opened(pets, labels=form(numbers), validation_split=0.2, subset="both")
    for part in shuffled:
        where = [int(path[-6:-4]) + 20 * ("dog" in path) for path in part.file_paths]
        assert part.labels.tolist() == [numbers[i] for i in where]


def test_labels_of_other_kinds(pets):
    binary = opened(pets, labels=[5, 9] * 15, shuffle=False, label_mode="binary").labels
    np.testing.assert_array_equal(binary[:3], [[0], [1], [0]])
    truth = opened(pets, labels=[True, False] * 15, shuffle=False)
    assert truth.labels.tolist() == [1, 0] * 15
    assert opened(pets, labels=[2**40, 0] * 15).labels.dtype == np.int64
    skewed = opened(pets, class_names=["cat", "dog"], label_mode="binary", shuffle=False).labels
    assert skewed[:, 0].tolist() == [0] * 20 + [1] * 10


@pytest.mark.parametrize("settings", [{"labels": None}, {"label_mode": None}])
def test_pictures_without_labels(settings, pets):
    for path in (pets / "cat").iterdir():
        path.rename(pets / path.name)  # they need no folders, as in Keras
    dataset = opened(pets, shuffle=False, **settings)
    assert (dataset.labels, dataset.class_names) == (None, None)
    x = np.concatenate(list(dataset.batches(0)))
    assert (x[:, 3, 4, 0] // 8).tolist() == list(range(30))


def test_one_number_for_the_size(pets):
    assert opened(pets, image_size=5, interpolation="Nearest").form.shape == (5, 5, 3)


def test_the_order_of_paths_is_that_of_keras(tmp_path):
    for name in ["a/b/0.png", "a-b/1.png", "a/2.png", "0.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    found = opened(tmp_path, labels=None, shuffle=False).file_paths
    relative = [path.removeprefix(f"{tmp_path}/") for path in found]
    assert relative == ["0.png", "a/2.png", "a-b/1.png", "a/b/0.png"]


def test_crop_and_pad(tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    wide = np.zeros((8, 16), np.uint8)
    wide[:, 4:12] = 200  # the middle square is light
    Image.fromarray(wide).save(tmp_path / "in" / "a" / "wide.png")
    settings = {"image_size": (4, 4), "labels": None, "label_mode": None, "interpolation": "area"}
    cropped = next(iter(opened(tmp_path / "in", crop_to_aspect_ratio=True, **settings)))
    assert (cropped == 200).all()
    padded = next(iter(opened(tmp_path / "in", pad_to_aspect_ratio=True, **settings)))[0, :, :, 0]
    assert (padded[[0, 3]] == 0).all()
    np.testing.assert_array_equal(padded[1], [0, 200, 200, 0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "folders"}, "labels must be 'inferred', None or a list"),
        ({"label_mode": "float"}, "label_mode must be 'int', 'binary'"),
        ({"labels": [1, 2]}, "labels has 2 numbers, but .* has 30 pictures"),
        ({"labels": ["cat"] * 30}, "integers, got texts such as 'cat': .*return_inverse=True"),
        ({"labels": [0.5] * 30}, "labels must be integers, got float64"),
        ({"labels": np.eye(30)}, r"got an array of shape \(30, 30\); y.argmax\(1\)"),
        ({"labels": [[0], 1]}, "one for each picture"),
        ({"labels": [0] * 30, "class_names": ["cat", "dog"]}, "only with labels='inferred'"),
        ({"labels": [7] * 30, "label_mode": "binary"}, "needs exactly 2 classes, found 7"),
        ({"cache": None}, "cache must be True, False or the path of a folder, got None"),
        ({"cache": 1}, "cache must be True, False or the path of a folder, got 1"),
        ({"cache_bytes": -1}, "cache_bytes must be an integer of 0 or more, got -1"),
        ({"cache_bytes": "1GB"}, "cache_bytes must be an integer of 0 or more, got '1GB'"),
        ({"threads": 0}, "threads must be a positive integer, got 0"),
        ({"batch_size": 2.5}, "batch_size must be a positive integer, got 2.5"),
        ({"seed": -1}, "[sS]eed must be"),
        ({"class_names": ["cow"]}, r"class_names \['cow'\] must be subfolders of .*cat, dog"),
        ({"label_mode": "binary", "class_names": ["cat"]}, "needs exactly 2 classes, found cat"),
        ({"validation_split": 0.2}, "validation_split and subset must be given together"),
        ({"validation_split": 2, "subset": "both"}, "must lie between 0 and 1, got 2"),
        ({"validation_split": 0.2, "subset": "test"}, "subset must be 'training'"),
        ({"validation_split": 0.2, "subset": "training", "seed": None}, "give a seed too"),
        ({"validation_split": 0.01, "subset": "validation"}, "leaves none for validation"),
        ({"interpolation": "mitchellcubic"}, "interpolation must be one of 'nearest'"),
        ({"color_mode": "cmyk"}, "color_mode must be one of 'rgb'"),
        ({"data_format": "channels_first"}, "must be 'channels_last'"),
        ({"batch_size": None}, "batch_size=None is not supported"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"unreadable": "ignore"}, "unreadable must be"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "only one of"),
    ],
)
def test_wrong_arguments(settings, message, pets):
    with pytest.raises(ValueError, match=message):
        opened(pets, **settings)


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("unreadable", ["error", "skip"])
def test_an_opened_folder_parts_the_pictures_as_load_does(unreadable, pets):
    settings = {"validation_split": 0.25, "seed": 4, "unreadable": unreadable}
    left = 30
    if unreadable == "skip":
        damage(pets / "cat" / "05.png")
        left = 29
    loaded = image_folder.load(pets, (6, 8), **settings)
    found = image_folder.open_folder(pets, (6, 8), **settings)
    x, y = zip(*found.validation.batches(0))
    np.testing.assert_array_equal(np.concatenate(x), loaded.validation.images)
    np.testing.assert_array_equal(np.concatenate(y), loaded.validation.labels)
    assert found.train.examples == len(loaded.train.images)
    assert f"{left} pictures, cat {left - 10}, dog 10" in found.report
    del settings["validation_split"]
    assert image_folder.open_folder(pets, (6, 8), **settings).validation is None
