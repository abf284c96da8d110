"""Data sets as NumPy arrays: found on this machine or downloaded, checked, and returned as uint8 images with labels."""

from cnnc.data.arrays import open_array
from cnnc.data.cifar import cifar10, cifar100
from cnnc.data.classes import CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_COARSE_CLASSES, FASHION_MNIST_CLASSES
from cnnc.data.digits import digits
from cnnc.data.folder import ImageFolder
from cnnc.data.idx import read_idx, write_idx
from cnnc.data.mnist import fashion_mnist, mnist
from cnnc.data.sources import DataUnavailable, cache_directory
from cnnc.data.splits import stratified_split
from cnnc.data.statistics import mean_std

__all__ = [
    "CIFAR10_CLASSES",
    "CIFAR100_CLASSES",
    "CIFAR100_COARSE_CLASSES",
    "FASHION_MNIST_CLASSES",
    "DataUnavailable",
    "ImageFolder",
    "cache_directory",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "mean_std",
    "mnist",
    "open_array",
    "read_idx",
    "stratified_split",
    "write_idx",
]
