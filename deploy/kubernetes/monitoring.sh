#!/bin/sh
# Prints what the Prometheus operator has to know: the pods to ask, and the alerts of deploy/prometheus/alerts.yml.
#   sh deploy/kubernetes/monitoring.sh | kubectl apply -f -
# Where the operator heeds only what has a label of its own (release=…), give it that: kubectl label -n hypersight …
set -eu
cat <<'END'
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: { name: hypersight, namespace: hypersight }
spec:
  selector: { matchLabels: { app: api } }
  podMetricsEndpoints: # each pod, not the service: each tells its own requests
    - port: http
      path: /metrics
      interval: 15s
      scrapeTimeout: 12s
      authorization:
        credentials: { name: hypersight, key: metrics_token }
      relabelings: # the alerts ask for this name
        - { targetLabel: job, replacement: hypersight }
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: hypersight, namespace: hypersight }
spec:
END
sed 's/^/  /' "$(dirname "$0")/../prometheus/alerts.yml"
