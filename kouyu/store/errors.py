"""The store's errors: every database error is raised as a StoreError, never as an SQLAlchemy error."""


class StoreError(Exception):
    """A database operation failed. The text holds no stored values."""


class DatabaseAway(StoreError):
    """The database cannot be reached, or not be used, for longer than the settings allow. It may be back soon."""


class StoreClosed(StoreError):
    """The store is closing: this write was not carried out."""


class SchemaTooNew(StoreError):
    """The database was written by a newer kouyu than this one; it was not changed."""


class SchemaTooOld(StoreError):
    """The database is of an older kouyu, whose server may be running on it; it was not changed."""


class UnknownConversation(StoreError):
    """There is no conversation with this id (any more)."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__(f"there is no conversation {conversation_id}")
        self.conversation_id = conversation_id


class IdTaken(StoreError):
    """There is already a record of another conversation with this id."""

    def __init__(self, record_id: str) -> None:
        super().__init__(f"the id {record_id} is already that of a record of another conversation")


class ChatEnded(StoreError):
    """The chat has ended already, otherwise than this server would save: it had lost its lease."""

    def __init__(self, chat_id: str) -> None:
        super().__init__(f"the chat {chat_id} has ended already: another server has marked it as failed")


class ChatRuns(StoreError):
    """Another chat runs in the conversation."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__(f"another chat is running in the conversation {conversation_id}")


class UnknownMessage(StoreError):
    """The conversation has no message with this id (any more)."""

    def __init__(self, message_id: str) -> None:
        super().__init__(f"there is no message {message_id} in this conversation")
        self.message_id = message_id


class UnknownBot(StoreError):
    """There is no bot with this id."""

    def __init__(self, bot_id: str) -> None:
        super().__init__(f"there is no bot {bot_id}")
        self.bot_id = bot_id


class UnknownVoiceprintGroup(StoreError):
    """There is no voiceprint group with this id (any more)."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"there is no voiceprint group {group_id}")
        self.group_id = group_id


class UnknownVoiceprintFeature(StoreError):
    """The voiceprint group has no feature with this id (any more)."""

    def __init__(self, feature_id: str, group_id: str) -> None:
        super().__init__(f"there is no feature {feature_id} in the voiceprint group {group_id}")
        self.feature_id = feature_id
        self.group_id = group_id


class NameTaken(StoreError):
    """There is already a token or an app of this name."""
