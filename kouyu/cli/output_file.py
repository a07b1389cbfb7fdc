"""A parameter type for output files: checks before the command runs that the file can be written."""

from pathlib import Path

import click


class OutputFile(click.ParamType[Path]):
    """The path of a file to write, in an existing folder."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; fails if no file can be written there."""
        path = Path(str(value))
        if path.is_dir():
            self.fail(f"{path} is a folder", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"{path}: there is no folder {path.parent}", param, ctx)
        return path
