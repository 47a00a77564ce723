"""The messages of devices, checked against the published JSON Schemas and turned into plain values."""
