#!/bin/sh
# Makes .venv hold exactly what requirements/dev.lock says, and npm if the machine has none.
set -eu
: "${PYTHON:=python3}" "${VENV:=.venv}"

fail() { printf 'hypersight set-up: %s\n  → %s\n' "$1" "$2" >&2; exit 1; }

command -v "$PYTHON" >/dev/null 2>&1 || fail "no $PYTHON found" "install Python 3.11 or newer, or say where it is: make setup PYTHON=/path/to/python3.12"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$PYTHON is $("$PYTHON" -c 'import platform; print(platform.python_version())'), too old" "install Python 3.11 or newer, or say where it is: make setup PYTHON=/path/to/python3.12"
[ -x "$VENV/bin/python" ] || { echo "hypersight set-up: making $VENV"; "$PYTHON" -m venv "$VENV"; } ||
  fail "$PYTHON cannot make a virtual environment" "on Debian and Ubuntu: apt install python3-venv"

install() { # retried once: a slow registry is no reason to start again by hand
  "${2:-$VENV}/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1" ||
    "${2:-$VENV}/bin/python" -m pip install --disable-pip-version-check --require-hashes -r "$1" ||
    fail "the packages of $1 could not be installed" "check that pip reaches a package index (pip config list), then run the command again"
}

echo "hypersight set-up: installing packages (a few minutes the first time)"
install requirements/dev.lock
command -v npm >/dev/null 2>&1 || { echo "hypersight set-up: no npm here, taking it from PyPI"; install requirements/node.lock; }
# dbt pins older versions of libraries than the rest may use
[ -x "$VENV/dbt/bin/python" ] || "$PYTHON" -m venv "$VENV/dbt"
install requirements/dbt.lock "$VENV/dbt"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ||
  fail "hypersight itself could not be installed" "read the lines above"
echo "hypersight set-up: done"
