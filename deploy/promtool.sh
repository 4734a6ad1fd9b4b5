#!/bin/sh
# Gives the tests of the alert rules Prometheus and its promtool: Debian's package, unpacked and not installed, where none is there.
set -eu
folder=${1:-.venv/prometheus}
if [ -x "$folder/usr/bin/promtool" ]; then exit 0; fi
if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
  echo "hypersight set-up: no promtool here, tests of the alert rules will be skipped; on Debian: apt install prometheus"
  exit 0
fi
echo "hypersight set-up: fetching Debian's Prometheus for the tests of the alert rules"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
fetch() { (cd "$fresh" && apt-get download -qq prometheus >/dev/null 2>&1); }
if { fetch || { apt-get update -qq >/dev/null 2>&1 && fetch; }; } && dpkg -x "$fresh"/prometheus_*.deb "$fresh/unpacked"; then
  mkdir -p "$folder"
  cp -R "$fresh/unpacked/." "$folder"
else
  echo "hypersight set-up: Prometheus could not be fetched, tests of the alert rules will be skipped"
fi
