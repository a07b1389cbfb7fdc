"""Persistence: conversations, messages, chats, files, voiceprints, tokens. Start at ``kouyu.store.store.Store``."""
