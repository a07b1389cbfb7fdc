"""What a person chooses: kouyu.toml, the environment and the command line, as one typed value."""

from kouyu.settings.errors import SettingsError
from kouyu.settings.loading import load
from kouyu.settings.model import Settings

__all__ = ["Settings", "SettingsError", "load"]
