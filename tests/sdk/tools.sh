#!/bin/sh
# Says what is missing on this machine for the tests with other people's SDKs, and how to get it. Fails when anything is.

missing=""

major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
if [ "${major:-0}" -lt 18 ] || ! command -v npm >/dev/null; then
	missing="$missing nodejs npm"
	echo "Node 18 or newer with npm is missing.
  Debian 12, Ubuntu 24.04 and newer: apt install nodejs npm
  macOS: brew install node" >&2
fi

browser=$CHROMIUM
for name in chromium chromium-browser google-chrome google-chrome-stable \
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
	[ -n "$browser" ] || browser=$(command -v "$name")
done
if [ -z "$browser" ]; then
	missing="$missing chromium"
	echo "Chromium or Chrome is missing. (Where it has no usual name or place, say it: CHROMIUM=/path/to/it make test-sdk)
  Debian: apt install chromium
  Ubuntu: snap install chromium
  macOS: brew install --cask google-chrome" >&2
fi

echo $missing # as Debian's packages are called
[ -z "$missing" ]
