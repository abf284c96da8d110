"""Every op in plain NumPy and float64: the specification to read, and the oracle that the tests compare with.

Images are (N, H, W, C), filters (KH, KW, C / groups, K), dense weights (in, out); the gradient of a thing has its shape
and its name with a d before it. Each op takes anything that NumPy can make an array of real numbers, leaves it as it
was, and returns new float64 arrays. `cnnc.functional` has the same names and arguments, and is fast.
"""

from cnnc.geometry import output_size
from cnnc.reference.activations import *
from cnnc.reference.augment import *
from cnnc.reference.conv import *
from cnnc.reference.conv_transpose import *
from cnnc.reference.dense import *
from cnnc.reference.dropout import *
from cnnc.reference.local_response import *
from cnnc.reference.losses import *
from cnnc.reference.maxout import *
from cnnc.reference.multiply import *
from cnnc.reference.norm import *
from cnnc.reference.optim import *
from cnnc.reference.pool import *
from cnnc.reference.prelu import *
from cnnc.reference.ranks import *
from cnnc.reference.resample import *
from cnnc.reference.rescale import *
from cnnc.reference.softmax import *

__all__ = [name for name, value in globals().items() if callable(value) and name[0] != "_"]
