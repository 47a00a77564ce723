"""The parts of the page of one facility, a file each."""
