"""The names of classes: as many as there are labels, each once, alphabetical where the labels are."""

from cnnc.data import CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_COARSE_CLASSES, FASHION_MNIST_CLASSES
from cnnc.data.classes import CIFAR100_GROUPS

# The coarse label of each fine one, as it is in use elsewhere.
COARSE = """
4 1 14 8 0 6 7 7 18 3  3 14 9 18 7 11 3 9 7 11  6 11 5 10 7 6 13 15 3 15  0 11 1 10 12 14 16 9 11 5
5 19 8 8 15 13 14 17 18 10  16 4 17 4 2 0 17 4 18 17  10 3 2 12 12 16 12 1 9 19  2 10 0 1 16 12 9 13 15 13
16 19 2 4 6 19 5 5 8 19  18 1 2 15 6 0 17 8 14 13
"""


def test_each_class_once():
    sets = {CIFAR10_CLASSES: 10, CIFAR100_CLASSES: 100, CIFAR100_COARSE_CLASSES: 20, FASHION_MNIST_CLASSES: 10}
    assert all(len(set(names)) == len(names) == count for names, count in sets.items())


def test_labels_count_alphabetically():
    for names in (CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_COARSE_CLASSES):
        assert list(names) == sorted(names)


def test_fine_classes_belong_to_the_published_coarse_ones():
    groups = list(CIFAR100_GROUPS.values())
    of = [next(i for i, group in enumerate(groups) if name in group) for name in CIFAR100_CLASSES]
    assert of == [int(number) for number in COARSE.split()]
