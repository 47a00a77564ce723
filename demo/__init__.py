"""Run the parking monitor on one machine: simulated cameras, a local MQTT broker, a report."""
