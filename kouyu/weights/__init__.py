"""Model weights: which there are, where they lie on this machine, and how they get there.

Weights are data, not dependencies: nothing is ever imported from the package a file was published in.
"""

from kouyu.weights.errors import MissingWeights, UnknownWeights, WeightsError

__all__ = ["MissingWeights", "UnknownWeights", "WeightsError"]
