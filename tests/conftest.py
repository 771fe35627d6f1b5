"""For all tests."""

import pytest
from hypothesis import settings

# A deadline asserts wall-clock time, and the machine that runs the tests has other work too.
settings.register_profile("offhook", deadline=None)
settings.load_profile("offhook")


@pytest.fixture(autouse=True)
def _own_cache(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What scripted voices hum mustn't be found by a real bot: only tests with models use the cache of the machine."""
    if request.node.get_closest_marker("models") is None:
        monkeypatch.setenv("OFFHOOK_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
