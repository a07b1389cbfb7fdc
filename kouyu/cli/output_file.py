"""A file that a command writes at its end: refused at its beginning where it cannot be."""

from pathlib import Path

import click


class OutputFile(click.ParamType[Path]):
    """The path of a file to write, in a folder that is there."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; fails where no file can be written there."""
        path = Path(str(value))
        if path.is_dir():
            self.fail(f"{path} is a folder", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"{path}: there is no folder {path.parent}", param, ctx)
        return path
