"""The turn-taking core, a pure state machine: events and time in, effects out. No asyncio, clock, sockets or models.

``conversation.py`` is the entry point; ``inputs.py`` and ``effects.py`` define what it takes and returns.

- The listening side finds utterances: ``endpointer.py`` with ``free_talk.py`` and ``push_to_talk.py``; their decisions
  are ``speech_detector.py``, ``end_of_turn.py`` and ``barge_in.py``.
- ``turns.py`` makes chats of them: a ``Turn`` is prepared at a pause (``preparation.py``), then rolled back, or
  committed and published when its transcript is there (``pending_turns.py``).
- The speaking side says one thing at a time: ``output_slot.py`` with ``reply.py``, a chat, or ``announcement.py``;
  ``agent_answer.py`` is what a chat knows of the agent, ``held_effects.py`` what the client is not shown yet,
  ``chat_record.py`` and ``chat_messages.py`` make its events and records; ``spoken_item.py`` turns sentences into
  packets; ``pacing.py``, ``playout.py`` and ``heard.py`` count them, and ``heard_part.py`` limits an answer to what
  was heard, by the client's report where there is one.
- ``context_requests.py`` carries out what the client asks for without speech: messages, their removal, answers without
  a question. What must come behind turns that wait does so in ``waiting_requests.py``. ``idle_time.py`` has the agent
  speak by itself.
- ``reply_factory.py`` makes replies, and ``reply_reports.py`` passes the reports of agents and synthesis to them;
  ``announcer.py`` has the prologue and other texts spoken.
- ``reconfiguration.py`` applies what the client requests; ``configuration_state.py`` is what has been requested, and
  what is in force.
- Both sides wait for reports of engines: ``pending_order.py``.
"""
