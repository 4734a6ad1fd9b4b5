#!/bin/sh
# Prints the secrets of a cluster, made once with deploy/make-secrets.sh:
#   sh deploy/kubernetes/secrets.sh secrets | kubectl apply -f -
# The database is yours, so put its password into secrets/postgres_password first.
set -eu
folder=${1:-secrets}
sh "$(dirname "$0")/../make-secrets.sh" "$folder" >&2
encoded() { base64 <"$folder/$1" | tr -d '\n'; }
printf 'apiVersion: v1\nkind: Secret\nmetadata: { name: hypersight, namespace: hypersight }\ndata:\n'
for name in postgres_password secret_keys api_token live_token metrics_token analyst_password; do
  printf '  %s: %s\n' "$name" "$(encoded $name)"
done
# Dagster's chart looks for the password under a name of its own.
printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: { name: hypersight-dagster, namespace: hypersight }\n'
printf 'data:\n  postgresql-password: %s\n' "$(encoded postgres_password)"
