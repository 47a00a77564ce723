"""Take messages from the broker into the store: nothing is acknowledged before it is committed."""
