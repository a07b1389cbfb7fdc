"""How many small transactions a second a PostgreSQL makes durable."""

import asyncio
import time

from tests.standins.postgres import Postgres


async def commits_per_second(postgres: Postgres, connections: int, seconds: float) -> float:
    """Transactions of one row each, by so many connections that do nothing else."""
    import asyncpg

    opened = [await asyncpg.connect(postgres.url()) for _ in range(connections)]
    try:
        await opened[0].execute("CREATE TABLE IF NOT EXISTS commit_rate (number bigint)")
        until, began = time.monotonic() + seconds, time.monotonic()

        async def commit(connection: asyncpg.Connection) -> int:
            done = 0
            while time.monotonic() < until:
                await connection.execute("INSERT INTO commit_rate VALUES ($1)", done)
                done += 1
            return done

        done = await asyncio.gather(*map(commit, opened))
        return sum(done) / (time.monotonic() - began)
    finally:
        for connection in opened:
            await connection.close()
