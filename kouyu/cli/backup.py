"""``kouyu backup``: save a server's whole state in one file, also while it runs."""

from pathlib import Path

import click

from kouyu.backup.manifest import BackupError
from kouyu.backup.saving import save
from kouyu.cli.copy_progress import CopyProgress
from kouyu.cli.local_server import chosen_folder, chosen_store, data_dir_option
from kouyu.cli.on_store import note_done
from kouyu.cli.output_file import OutputFile
from kouyu.cli.saying import say
from kouyu.store import dialect, location, migrations
from kouyu.store.errors import StoreError

USE_PG_DUMP = """\
the database is on PostgreSQL, which has its own tool for this. Dump it first, then back up the files beside it:
  pg_dump --format=custom --file=kouyu.dump "$KOUYU_DATABASE"
  kouyu backup --without-database FILE"""


@click.command()
@click.argument("file", type=OutputFile())
@click.option(
    "--without-database",
    is_flag=True,
    help="The files alone, beside a dump of PostgreSQL that was made just before.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@data_dir_option
def backup(file: Path, without_database: bool, force: bool, data_dir: Path | None) -> None:
    """Save the whole state of a server in FILE: database, uploaded files, token, certificates, and the kouyu.toml that
    lies in the data folder. The server may run.

    FILE is a tar archive that only you may read. It holds secrets and what users said.
    """
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists already: give another name, or --force")
    chosen = chosen_folder(data_dir)
    folder = location.data_dir(chosen)
    used = sqlite_file(location.database(chosen, chosen_store(data_dir).url))
    database = None if without_database else used
    if without_database and used is not None:
        raise click.ClickException("the database is SQLite and part of the backup: leave out --without-database")
    if database is None and not without_database:
        raise click.ClickException(USE_PG_DUMP)
    if not folder.is_dir() or (database is not None and not database.is_file()):
        raise click.ClickException(f"no server has saved data in {folder} yet; name its folder with --data-dir")
    try:
        with CopyProgress() as progress:
            saved = save(folder, database, file, progress)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    for file_id in saved.without_content:
        say(f"Warning: the content of the uploaded file {file_id} is missing in {folder}", err=True)
    manifest = saved.manifest
    if database is None or manifest.schema_version == len(migrations.STEPS):  # an older one may have none
        note_done(data_dir, "backup.made", str(file.absolute()))
    kept = f"{len(manifest.entries)} files, {manifest.size / 1e6:.1f} MB"
    schema = "without the database" if database is None else f"schema version {manifest.schema_version}"
    say(f"Saved {folder} in {file}: {kept}, of kouyu {manifest.kouyu}, {schema}")


def sqlite_file(database: str | Path) -> Path | None:
    """The file of a database at a path or URL; None: it is on PostgreSQL. Raises ClickException for other URLs."""
    try:
        url = dialect.database_url(database)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
