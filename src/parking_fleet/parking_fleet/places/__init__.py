"""Facilities, floors, zones and bays: put together from what all cameras tell and from facilities.yaml."""
