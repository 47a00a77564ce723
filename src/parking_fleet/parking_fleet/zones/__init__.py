"""Where cameras count: drawn on their pictures, checked, and shown on the page of a facility."""
