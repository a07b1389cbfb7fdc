"""``kouyu restore``: restore a backup into a data folder."""

import time
from pathlib import Path

import click

from kouyu.backup.manifest import BackupError
from kouyu.backup.restoring import read_manifest
from kouyu.backup.restoring import restore as restore_backup
from kouyu.cli.backup import sqlite_file
from kouyu.cli.copy_progress import CopyProgress
from kouyu.cli.local_server import chosen_folder, chosen_store, data_dir_option
from kouyu.cli.on_store import note_done
from kouyu.cli.saying import say
from kouyu.store import location, migrations

THEN_RESTORE_DUMP = (
    'Restore the dump of the database too: pg_restore --clean --if-exists --dbname="$KOUYU_DATABASE" DUMP'
)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Also where there is data already, which is moved aside.")
@data_dir_option
def restore(file: Path, force: bool, data_dir: Path | None) -> None:
    """Restore the backup FILE into the data folder. No server may use the folder meanwhile.

    Every file is checked before anything in the folder changes.
    """
    chosen = chosen_folder(data_dir)
    folder = location.data_dir(chosen)
    try:
        _check_database(read_manifest(file).database, folder, location.database(chosen, chosen_store(data_dir).url))
        with CopyProgress() as progress:
            restored = restore_backup(file, folder, force=force, progress=progress)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    manifest = restored.manifest
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(manifest.created_at))
    say(f"Restored {file} into {folder}: {len(manifest.entries)} files, saved at {made} by kouyu {manifest.kouyu}")
    if manifest.schema_version == len(migrations.STEPS):  # an older one is migrated by the server that starts on it
        note_done(folder, "backup.restored", str(file.absolute()), f"saved at {made}")
    if restored.former is not None:
        say(f"What was there before is in {restored.former}; delete it once the server runs as it should.")
    say("Tokens that were revoked since then are valid again, and users deleted since then have their data.")
    if manifest.database == "none":
        say(THEN_RESTORE_DUMP)


def _check_database(kind: str, folder: Path, used: str | Path) -> None:
    """Raise BackupError if a server on this folder would not use the database of the backup."""
    file = sqlite_file(used)
    if kind == "none" and file is not None:
        raise BackupError("the backup is of a server on PostgreSQL and has no database: set KOUYU_DATABASE first")
    if kind == "sqlite" and file != (folder / location.DATABASE_FILE).absolute():
        raise BackupError(
            "the backup has an SQLite database, but the server's is elsewhere: unset KOUYU_DATABASE,"
            " and leave out url of [store]"
        )
