"""What holds for all tests."""

from hypothesis import settings

# The same examples everywhere: a run that fails can be repeated, and nothing fails because a machine is busy.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
