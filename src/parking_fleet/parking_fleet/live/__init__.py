"""What the fleet is like at this moment, in memory, and a stream of what changes."""
