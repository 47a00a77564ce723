"""Settings of all tests."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code.
_any_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, so that what fails for one fails for all; `search` looks for new ones.
settings.register_profile('repeatable', _any_machine, derandomize=True)
settings.register_profile('search', _any_machine)
settings.load_profile(os.environ.get('HYPOTHESIS_PROFILE', 'repeatable'))
