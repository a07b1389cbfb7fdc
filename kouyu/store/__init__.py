"""What is kept: conversations, their messages and chats, and access tokens. Enter by ``kouyu.store.store.Store``."""
