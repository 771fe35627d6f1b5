"""The user agent under test, one a module: pjsua2 has one endpoint a process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from native_agent import Agent


@pytest.fixture(scope="module")
def agent_of_module() -> Iterator[Agent]:
    from native_agent import Agent

    agent = Agent()
    yield agent
    agent.close()


@pytest.fixture
def agent(agent_of_module: Agent) -> Iterator[Agent]:
    """The module's user agent as new: no lines in use, everybody let in, calls taken."""
    agent = agent_of_module
    agent.gate.setAllowed([])
    agent.gate.setState(200, 0)
    agent.gate.takeMessages(100_000)
    yield agent
    agent.ring.setComfortNoise(-100.0)
    agent.endpoint.hangupAllCalls()
    agent.release_ports()
    for line in range(agent.ring.lines()):
        agent.ring.reset(line)
