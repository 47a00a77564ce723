"""Say what usually happens when, from what was counted: busy hours, and when a car park will be full."""
