"""Turn detections into counts: merging, zones, and how far a count can be trusted."""
