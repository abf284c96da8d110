"""Pictures of networks and of what they do, with matplotlib: `pip install cnnc[plot]`. `diagram_svg` does without.

Every function returns a `matplotlib.figure.Figure` and saves it where it is given a path, whose ending tells the format
(.png, .svg, .pdf). Nothing global is touched: no window, no pyplot, no settings. Colours can be told apart by the
colour-blind.
"""

from cnnc.plot.curves import *
from cnnc.plot.diagrams import *
from cnnc.plot.images import *
from cnnc.plot.maps import *
