"""Where cameras count: what is drawn on their pictures, checked, and where it lies on the page of a facility."""
