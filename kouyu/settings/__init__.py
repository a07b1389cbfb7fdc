"""Settings from kouyu.toml, the environment and the command line, as one typed value."""

from kouyu.settings.all_settings import Settings
from kouyu.settings.errors import SettingsError
from kouyu.settings.loading import load

__all__ = ["Settings", "SettingsError", "load"]
