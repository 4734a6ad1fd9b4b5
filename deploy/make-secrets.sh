#!/bin/sh
# Makes the secrets that docker-compose.yml hands to containers, once; those that are there stay.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres_password secret_keys api_token live_token metrics_token analyst_password grafana_password; do
  [ -s "$folder/$name" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/$name"
  chmod 444 "$folder/$name" # for the containers' own account; the folder keeps everybody else of this machine out
done
echo "secrets are in $folder; keep a copy of secret_keys apart from backups; sign in with: cat $folder/api_token"
