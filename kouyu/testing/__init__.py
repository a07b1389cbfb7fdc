"""For the tests of apps: a player of a cassette for the length of a test."""

from kouyu.testing.background_player import BackgroundPlayer, ClientDiffers, play

__all__ = ["BackgroundPlayer", "ClientDiffers", "play"]
