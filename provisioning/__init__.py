"""Give devices their identity in an AWS account, and look after it: `parking-provision`."""
