"""Where time goes, told by OpenTelemetry to whoever collects it."""
