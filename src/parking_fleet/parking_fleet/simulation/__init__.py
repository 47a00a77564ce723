"""A fleet that is not there: devices as MQTT clients, with plausible days and all that goes wrong."""
