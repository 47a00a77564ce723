"""The API under /api/v1, and /healthz and /metrics."""
