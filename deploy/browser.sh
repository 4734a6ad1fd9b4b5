#!/bin/sh
# Gives the browser tests a browser: Debian's Chromium, only where there is none yet and we may install it.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "hypersight set-up: no browser here, its tests will be skipped; on Debian: apt install chromium"
  exit 0
fi
echo "hypersight set-up: no browser here, installing Debian's Chromium for the tests"
{ apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; } ||
  echo "hypersight set-up: Chromium could not be installed, the browser tests will be skipped"
