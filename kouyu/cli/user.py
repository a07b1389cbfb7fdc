"""``kouyu user``: export or delete everything of one user, also while a server runs on the same data."""

from pathlib import Path

import click

from kouyu.cli.local_server import data_dir_option
from kouyu.cli.on_store import on_store
from kouyu.cli.operator import operator
from kouyu.cli.output_file import OutputFile
from kouyu.cli.saying import say
from kouyu.store.data_counts import DataCounts
from kouyu.store.personal_archive import write_archive
from kouyu.store.store import Store


def _named(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse the empty user id, as of a shell variable that is not set: it is that of everybody who names none."""
    if not value:
        raise click.BadParameter("is empty")
    return value


user_id_argument = click.argument("user_id", callback=_named)
owner_option = click.option(
    "--owner",
    default="",
    metavar="NAME",
    help="The owner of the tokens that the user's clients have. [default: no name]",
)


@click.group()
def user() -> None:
    """Export or delete everything of one user: conversations, recordings, files, variables, voiceprints.

    USER_ID is the `user_id` of their conversations. Voiceprints are theirs that were enrolled under it: as the name of
    the speaker, or as the name or the account of the group.
    """


@user.command()
@user_id_argument
@click.argument("file", type=OutputFile())
@owner_option
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@data_dir_option
def export(user_id: str, file: Path, owner: str, force: bool, data_dir: Path | None) -> None:
    """Write everything of USER_ID into FILE, a ZIP archive that only you may read."""
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists already: give another name, or --force")
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)

    async def write(store: Store) -> DataCounts:
        with file.open("wb") as output:
            exported = await write_archive(store.of(owner), user_id, output)
        await store.audit.note(operator(), "user.exported", user_id, owner=owner, detail=str(exported))
        return exported

    try:
        exported = on_store(data_dir, write, fresh=False)
    except BaseException:
        file.unlink()
        raise
    say(f"Exported {exported} of {user_id} to {file}.")
    _say_if_unknown(exported == DataCounts(), owner)


@user.command()
@user_id_argument
@owner_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
def delete(user_id: str, owner: str, yes: bool, data_dir: Path | None) -> None:
    """Delete everything of USER_ID, permanently. Conversations that are going on end."""
    if not yes:
        click.confirm(f"Delete everything of {user_id}? This cannot be undone", abort=True)

    async def remove(store: Store) -> DataCounts:
        deleted = await store.delete_user(owner, user_id)
        await store.audit.note(operator(), "user.deleted", user_id, owner=owner, detail=str(deleted))
        return deleted

    deleted = on_store(data_dir, remove, fresh=False)
    say(f"Deleted {deleted} of {user_id}.")
    _say_if_unknown(deleted == DataCounts(), owner)


def _say_if_unknown(has_nothing: bool, owner: str) -> None:
    if has_nothing:
        whose = f"the owner {owner}" if owner else "the owner without a name; for tokens that have one give --owner"
        say(f"Nothing is stored of this user_id among the data of {whose}.", err=True)
