"""Tell operators what needs a person: rules look at the live state, alerts are kept, channels send them."""
