"""For all tests."""

from hypothesis import settings

# A deadline asserts wall-clock time, and the machine that runs the tests has other work too.
settings.register_profile("offhook", deadline=None)
settings.load_profile("offhook")
