"""Data sets as NumPy arrays, found on this machine or downloaded, and checked; loaders of batches; augmentation."""

from cnnc.data.arrays import open_array
from cnnc.data.cifar import cifar10, cifar100
from cnnc.data.classes import *
from cnnc.data.decoding import read_image
from cnnc.data.digits import digits
from cnnc.data.folder import ImageFolder
from cnnc.data.idx import read_idx, write_idx
from cnnc.data.loader import Loader
from cnnc.data.mnist import fashion_mnist, mnist
from cnnc.data.sources import DataUnavailable, cache_directory
from cnnc.data.splits import stratified_split
from cnnc.data.statistics import mean_std, whitening
from cnnc.data.transforms import *
from cnnc.data.views import *
