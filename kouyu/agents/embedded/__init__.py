"""The language model that comes with kouyu: which of three runs on this machine, how it is asked, and its process.

``tiers`` lists the models, ``choice`` decides, ``engine`` loads what was decided, and ``model`` is the running one.
"""
