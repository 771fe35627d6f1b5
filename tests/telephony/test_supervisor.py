"""The supervisor over small real processes."""

import asyncio
import signal
import sys

from telephony.supervisor import SPEECH_RESTARTED, WRONG_CONFIGURATION, Child, Supervisor


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


FOREVER = "import signal, sys; signal.signal(signal.SIGTERM, lambda *a: sys.exit(0)); signal.pause()"


async def until(predicate) -> None:
    async with asyncio.timeout(30):
        while not predicate():
            await asyncio.sleep(0)


async def test_wrong_configuration_of_a_child_stops_everything():
    supervisor = Supervisor([Child("server", script(FOREVER))], [Child("worker", script("raise SystemExit(2)"))])
    assert await supervisor.run() == WRONG_CONFIGURATION
    assert supervisor._running == {}


async def test_a_child_that_dies_is_started_again(tmp_path):
    starts = tmp_path / "starts"
    # Dies at its first start, stays at its second.
    text = f"""
import pathlib
file = pathlib.Path({str(starts)!r})
count = len(file.read_text()) if file.exists() else 0
file.write_text("x" * (count + 1))
if count == 0:
    raise SystemExit(1)
{FOREVER}"""
    supervisor = Supervisor([Child("server", script(text))], [])
    running = asyncio.create_task(supervisor.run())
    await until(lambda: starts.exists() and len(starts.read_text()) == 2)
    supervisor._signalled()
    assert await running == 0


async def test_workers_are_told_of_a_server_that_was_started_again(tmp_path):
    starts, told, ready = tmp_path / "starts", tmp_path / "told", tmp_path / "ready"
    # The server dies once the worker listens.
    server = f"""
import pathlib, time
starts = pathlib.Path({str(starts)!r})
with starts.open("a") as file:
    file.write("x")
if starts.stat().st_size == 1:
    while not pathlib.Path({str(ready)!r}).exists():
        time.sleep(0.01)
    raise SystemExit(1)
{FOREVER}"""
    worker = f"""
import pathlib, signal, sys
assert signal.getsignal(signal.SIGUSR1) == signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
signal.signal(signal.SIGUSR1, lambda *a: pathlib.Path({str(told)!r}).touch())
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
pathlib.Path({str(ready)!r}).touch()
while True:
    signal.pause()"""
    supervisor = Supervisor(
        [Child("server", script(server), restarted=SPEECH_RESTARTED)], [Child("worker", script(worker))]
    )
    running = asyncio.create_task(supervisor.run())
    await until(lambda: told.exists() and starts.read_text() == "xx")
    supervisor._signalled()
    assert await running == 0


async def test_workers_are_stopped_before_the_servers_they_need(tmp_path):
    order = tmp_path / "order"
    text = """
import pathlib, signal, sys
def stop(*_):
    with open({order!r}, "a") as file:
        file.write({name!r} + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path({ready!r}).touch()
signal.pause()"""
    children = [
        Child(name, script(text.format(order=str(order), name=name, ready=str(tmp_path / name))))
        for name in ("server", "worker")
    ]
    supervisor = Supervisor(children[:1], children[1:])
    running = asyncio.create_task(supervisor.run())
    await until(lambda: all((tmp_path / child.name).exists() for child in children))
    supervisor._signalled()
    assert await running == 0
    assert order.read_text().split() == ["worker", "server"]


async def test_a_second_signal_does_not_wait(tmp_path):
    ready = tmp_path / "ready"
    deaf = f"""
import pathlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(ready)!r}).touch()
signal.pause()"""
    supervisor = Supervisor([], [Child("worker", script(deaf), grace_s=3600.0)])
    running = asyncio.create_task(supervisor.run())
    await until(ready.exists)
    process = supervisor._running["worker"]
    supervisor._signalled()
    supervisor._signalled()
    assert await running == 0
    assert process.returncode == -signal.SIGKILL
