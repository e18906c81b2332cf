"""The asynchronous sample-rate converter: sound of one clock at the frames of another.

``design`` computes the filter, ``kernel`` is the compiled loop, ``resampler`` keeps a source's history and asks for
output by position in the source. Whoever steers says where each output frame lies, so nothing drifts or adapts here.
"""

from aes67_sender.engine.resample.resampler import Resampler, prepare

__all__ = ["Resampler", "prepare"]
