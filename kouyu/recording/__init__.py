"""Session records: everything that went into a conversation core and came out of it, so that it can be run again.

- ``frames.py`` is the file: frames that survive a crash; ``entries.py`` what a frame of entries holds, and
  ``recorded_effects.py`` how effects are written and read; ``plain_values.py`` how inputs and effects become plain
  values, which are compared and shown, and how inputs are rebuilt.
- ``session_recorder.py`` follows a live session; ``record_writing.py`` writes off the event loop.
- ``record_file.py`` reads a record; ``replaying.py`` runs it through today's core and compares the effects.
- ``timeline.py`` derives the turns as the diagnostics do, ``explanation.py`` words them.
- ``anonymising.py`` replaces what was said; ``fault_test.py`` writes a record as a test.
"""
