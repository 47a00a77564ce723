"""How long a test waits for what must come."""

PATIENCE_S = 180.0
"""Only a failure waits so long; a busy machine may need some of it, a quiet one needs none."""
