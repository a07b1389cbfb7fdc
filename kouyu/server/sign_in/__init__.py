"""Sign-in of apps, as the SDKs do it (rest.md 1.5)."""
