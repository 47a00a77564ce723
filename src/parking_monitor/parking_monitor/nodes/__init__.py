"""Join the subjects to ROS: one node a file, parameters in, messages in and out, health."""
