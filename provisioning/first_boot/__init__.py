"""Swap a claim for an identity of its own, once in a device's life: the device's side of fleet-template.

Needs neither AWS credentials nor boto3; `python -m provisioning.first_boot` is the program.
"""
