"""Spoken questions for benchmarks and trials: WAV files (16 kHz, 16 bit, mono) by the embedded voices, and index.json.

The index is a list of objects: ``file``, ``language`` (ISO 639-1), ``text`` (what is said), ``voice`` (its id) and
``duration_s``. Each file has LEAD_SECONDS of silence before the speech and TRAIL_SECONDS behind it (see ``make``).
"""
