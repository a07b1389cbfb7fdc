"""Everything of one user in one ZIP archive: JSON, and the recordings, files and voiceprints as they are stored."""

import asyncio
import base64
import re
import zipfile
from collections import Counter
from typing import IO, Any, Final

import msgspec

from kouyu.store.conversations import ConversationRecord
from kouyu.store.data_counts import DataCounts
from kouyu.store.errors import StoreError
from kouyu.store.file_references import file_ids_in
from kouyu.store.message_writes import MessageRecord
from kouyu.store.owned_store import OwnedStore

_ENDINGS: Final = {"audio/ogg": ".ogg", "audio/mpeg": ".mp3"}
_LONGEST_NAME: Final = 100


async def write_archive(store: OwnedStore, user_id: str, file: IO[bytes]) -> DataCounts:
    """Write the archive of an owner's user into the open binary ``file``; return what it holds. Raises StoreError."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        return await _Archive(store, user_id, archive).write()


class _Archive:
    def __init__(self, store: OwnedStore, user_id: str, archive: zipfile.ZipFile) -> None:
        self._store = store
        self._data = store.personal_data(user_id)
        self._user_id = user_id
        self._archive = archive
        self._counts: Counter[str] = Counter()
        self._file_ids: set[str] = set()
        self._session_names: set[str] = set()

    async def write(self) -> DataCounts:
        after = ""
        while found := await self._data.conversations(after):
            for conversation in found:
                await self._conversation(conversation)
            after = found[-1].id
        for file_id in sorted(self._file_ids):
            await self._file(file_id)
        await self._voices()
        variables = await self._data.variables()
        self._counts["variables"] = len(variables)
        await self._json("variables.json", variables)
        exported = DataCounts(**self._counts)
        await self._json("user.json", {"user_id": self._user_id, "owner": self._store.owner, "holds": exported})
        return exported

    async def _conversation(self, conversation: ConversationRecord) -> None:
        messages = await self._data.messages(conversation)
        recorded = {sound.message_id: sound for sound in await self._store.sounds.list(conversation.id)}
        shown: list[dict[str, Any]] = []
        for message in messages:
            about: dict[str, Any] = msgspec.structs.asdict(message)
            if (feedback := await self._store.feedback.get(message.id)) is not None:
                about["feedback"] = feedback
            if message.id in recorded:
                about["recording"] = await self._recording(message)
            if message.content_type == "object_string":
                self._file_ids.update(file_ids_in(message.content))
            shown.append(about)
        if conversation.user_id == self._user_id:  # else it is another user's too
            await self._session_records(conversation.id)
        self._counts["conversations"] += 1
        self._counts["messages"] += len(messages)
        chats = await self._data.chats(conversation)
        whole = {"conversation": conversation, "chats": chats, "messages": shown}
        await self._json(f"conversations/{conversation.id}.json", whole)

    async def _session_records(self, conversation_id: str) -> None:
        """Add the records of the sessions of a conversation, but for those that were added with another one."""
        for path in self._store.session_records.of(conversation_id):
            if path.name in self._session_names:
                continue
            try:
                content = await asyncio.to_thread(path.read_bytes)
            except FileNotFoundError:  # deleted meanwhile
                continue
            self._session_names.add(path.name)
            self._counts["sessions"] += 1
            await self._add(f"sessions/{conversation_id}/{path.name}", content)

    async def _recording(self, message: MessageRecord) -> str:
        """Add the recording of a message; return its name, "" if it has been deleted meanwhile."""
        found = await self._store.sounds.content(message.conversation_id, message.id)
        if found is None:
            return ""
        media_type, content = found
        self._counts["recordings"] += 1
        return await self._add(f"recordings/{message.conversation_id}/{message.id}{_ENDINGS[media_type]}", content)

    async def _file(self, file_id: str) -> None:
        record = await self._store.files.get(file_id)
        if record is None:
            return
        try:
            content = await self._store.files.content(record)
        except StoreError:  # the content is gone; the rest of the archive is not
            content = b""
        self._counts["files"] += 1
        name = re.sub(r"[^\w.-]", "_", record.name)[-_LONGEST_NAME:]
        await self._add(f"files/{file_id}-{name}", content)

    async def _voices(self) -> None:
        shown: list[dict[str, Any]] = []
        for voice in await self._data.voices():
            about: dict[str, Any] = msgspec.structs.asdict(voice)
            about["vector"] = base64.b64encode(voice.vector).decode()
            audio = about.pop("audio")
            about["recording"] = await self._add(f"voiceprints/{voice.id}.wav", audio) if audio else ""
            shown.append(about)
        self._counts["voiceprints"] = len(shown)
        await self._json("voiceprints.json", shown)

    async def _json(self, name: str, value: Any) -> None:
        await self._add(name, msgspec.json.format(msgspec.json.encode(value)))

    async def _add(self, name: str, content: bytes) -> str:
        # On a thread: a recording takes long to compress.
        await asyncio.to_thread(self._archive.writestr, name, content)
        return name
