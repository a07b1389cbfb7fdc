"""The turn-taking core, a pure state machine: events and time in, effects out. No asyncio, clock, sockets or models.

``conversation.py`` is the entry point; ``inputs.py`` and ``effects.py`` define what it takes and returns.

- Endpointing finds utterances: ``endpointer.py`` with ``free_talk.py`` and ``push_to_talk.py``, which decide by
``speech_detector.py``, ``end_of_turn.py`` and ``barge_in.py``.
- ``turns.py`` turns utterances into chats: a ``Turn`` is prepared at a pause, then committed or rolled back.
- Output plays one item at a time: ``output_slot.py`` holds a chat (``reply.py``) or an ``announcement.py``;
``spoken_item.py`` turns sentences into packets; ``pacing.py``, ``playout.py`` and ``heard.py`` count them.
"""
