"""Take the counts of a fleet of parking monitors, store each once, and serve them. Needs no ROS."""
