"""A server that is asked in writing, in a process of its own: ``python -m tests.text_chats.server_to_kill FOLDER
MODEL``.

Prints its base URL and its token, and runs until it is killed.
"""

import asyncio
import sys
from pathlib import Path

from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.conversation.limits import Limits
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets
from kouyu.server.access.sessions import Sessions
from kouyu.server.app import create_app
from kouyu.server.process.certificates import local_certificate
from kouyu.server.process.tcp_listeners import bind, listening
from kouyu.server.sockets.chat import AnswererIds
from kouyu.store.store import Store
from kouyu.text_chats.services import ChatServices
from kouyu.text_chats.text_chats import TextChats
from tests.server.conftest import echo_session


async def serve(folder: Path, model_url: str) -> None:
    async with await Store.open(folder / "kouyu.db") as store:
        _, secret = await store.tokens.create("ada")
        endpoint = ModelEndpoint(base_url=model_url, model="stand-in")
        bots = {"plain": LanguageModelBot(BotDefinition(id="plain", name="plain"), endpoint)}
        chats = TextChats(
            ChatServices(store=store, ids=store.ids, limits=Limits(), bots_of=lambda owner: bots), limit=3
        )
        app = create_app(
            store=store,
            answerer_ids=AnswererIds(bots_of=lambda owner: bots, default_bot="plain"),
            sessions=Sessions(1),
            sockets=OpenSockets(),
            limiter=TokenLimiter(store.tokens),
            run_session=echo_session,
            max_file_bytes=1000,
            chats=chats,
        )
        plain, tls = bind("127.0.0.1", 0, "--port"), bind("127.0.0.1", 0, "--https-port")
        certificates = local_certificate(folder / "tls", [])
        async with listening(app, plain, tls, certificates, ping_interval_s=20, ping_timeout_s=20):
            print(f"http://127.0.0.1:{plain.getsockname()[1]}", secret, flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
