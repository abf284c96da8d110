"""Every operation on plain arrays: NumPy in, NumPy out, computed by the C library.

Names, arguments and meanings are those of `cnnc.reference`. Images are (N, H, W, C), filters (KH, KW, C / groups, K),
dense weights (in, out); the gradient of a thing has its shape and its name with a d before it.

Arguments are arrays, or anything that NumPy can make an array of real numbers: of any type, strides and byte order,
read-only or not. They are left as they were, results are new arrays. Everything is computed in float64 if NumPy sees
float64 in one of the arrays (a list of Python's floats is float64), and in float32 otherwise. An error starts with the
function's name, states the rule and ends with what was received; nothing has been computed then.
"""

from cnnc.functional.activations import *
from cnnc.functional.augment import *
from cnnc.functional.conv import *
from cnnc.functional.conv_transpose import *
from cnnc.functional.dense import *
from cnnc.functional.dropout import *
from cnnc.functional.local_response import *
from cnnc.functional.losses import *
from cnnc.functional.maxout import *
from cnnc.functional.multiply import *
from cnnc.functional.norm import *
from cnnc.functional.optim import *
from cnnc.functional.pool import *
from cnnc.functional.prelu import *
from cnnc.functional.ranks import *
from cnnc.functional.resample import *
from cnnc.functional.rescale import *
from cnnc.functional.softmax import *
from cnnc.geometry import output_size

__all__ = [name for name, value in globals().items() if callable(value) and name[0] != "_"]
