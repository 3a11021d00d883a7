"""A stand-in for AWS: moto, plus what AWS enforces and moto does not.

moto remembers well and judges poorly: it accepts nearly everything, at once. This package puts back the states,
refusals and calls that a provisioning tool meets on AWS, so that tests can show how the tool deals with them.
"""
