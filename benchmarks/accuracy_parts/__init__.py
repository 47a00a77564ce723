"""Score counters against the truth: what they see, what is true of it, and how they are compared."""
