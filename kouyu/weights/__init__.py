"""Model weights: the catalogue, the cache on this machine, and fetching.

Weights are data, not dependencies: nothing is ever imported from the package that a file was published in.
"""

from kouyu.weights.errors import MissingWeights, UnknownWeights, WeightsError

__all__ = ["MissingWeights", "UnknownWeights", "WeightsError"]
