"""The language model that comes with kouyu: which of three runs on this machine, how it is asked, and its process.

``tiers`` lists the models, ``choice`` and ``plan`` decide, ``engine`` loads what was decided, ``model`` is a running
one, and ``tiered_model`` replaces it by a larger one once that is fetched.
"""
