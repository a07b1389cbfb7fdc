"""Run as a program by test_migrations.py: opens the database at a path or URL, and logs to standard error."""

import asyncio
import logging
import sys

from kouyu.store.store import Store


async def main(location: str) -> None:
    print("opening", flush=True)
    await (await Store.open(location)).close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(main(sys.argv[1]))
