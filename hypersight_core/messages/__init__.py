"""Messages to other people's servers: webhooks and MQTT brokers."""
