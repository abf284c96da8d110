"""Where the time of a network goes: every recorded step measured, beside what this machine could do at best.

`net.profile(batch_size)` measures; `python -m cnnc.profile resnet18 --batch 8 --train --svg flame.svg` does so from the
command line.
"""

from cnnc.profile.measure import Profile, StepTime, profile
from cnnc.profile.roofs import Roofs, measure_roofs

__all__ = ["Profile", "Roofs", "StepTime", "measure_roofs", "profile"]
