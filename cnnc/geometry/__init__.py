"""Where windows land: the one place that knows about sizes, strides, padding, dilation and receptive fields.

Layers, checks, ops, the reference and the tests all ask here. All numbers are Python integers: nothing wraps. Signals
(N, L, C), images (N, H, W, C) and volumes (N, D, H, W, C) differ in their number of axes, the rank, alone.
"""

from cnnc.geometry.receptive import *
from cnnc.geometry.shapes import *
from cnnc.geometry.windows import *
