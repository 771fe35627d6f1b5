"""A call worker: one process, many calls. The loop here moves all lines' audio once a tick.

Started by `telephony.serve` as `python -m telephony.worker SETTINGS.json`. It listens at once, but answers
503 until every configured engine is warm, and again from SIGTERM on, when live calls finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import resource
import signal
import sys
import time
from pathlib import Path

from brain.agent import Engines
from brain.cache import cache_folder
from brain.eot.remote import RemoteEot
from brain.llm.openai_chat import OpenAiChat, OpenAiChatConfig
from brain.speech_client import SpeechChannel
from brain.stt.remote import RemoteStt
from brain.tts.prompts import CachedTts
from brain.tts.remote import RemoteTts
from dialplans.routes import NoSuchPlan, Routes
from media.clock import MonotonicClock
from media.sound import Sounds
from telephony.config import Config, sip_settings
from telephony.masking import mask_user
from telephony.records import RefusedCalls, new_call_id
from telephony.session import HANGUP_LIMIT_S, CallSession, Services
from telephony.sip import NATIVE, SipTransport
from telephony.stall import StallWatch
from telephony.supervisor import MODEL_RESTARTED, SPEECH_RESTARTED
from telephony.transport import Ended, Leg, Refused
from telephony.warming import Warming

log = logging.getLogger("offhook.worker")

WRONG_CONFIGURATION = 2
RETRY_AFTER_S = 5
CHECK_S = 1.0


class Worker:
    """Owns the transport, the engines' clients and the sessions of this process.

    A fault of one call, one file or one engine is logged and stays its own: only those of `run`'s start end it.
    """

    def __init__(self, config: Config, speech: str, llm: str) -> None:
        self._config = config
        self._routes = Routes(config.plans.default, config.plans.folder)
        sip = config.sip if NATIVE else config.sip.model_copy(update={"lines": min(config.sip.lines, 4)})
        self._transport = SipTransport(sip_settings(sip))
        self._channel = SpeechChannel(speech)
        self._stt = RemoteStt(self._channel)
        self._tts = CachedTts(RemoteTts(self._channel), cache_folder() / "prompts")
        self._eot = RemoteEot(self._channel) if config.speech.eot else None
        self._llm = OpenAiChat(_llm_config(config, llm)) if llm else None
        self._sessions: dict[int, CallSession] = {}
        self._by_sip_id: dict[str, CallSession] = {}
        self._refused = RefusedCalls(config.data.folder)
        self._refused_failed = False
        self._faults: set[tuple[str, str]] = set()
        self._draining = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stalls = StallWatch()
        self._sounds = Sounds(config.sip.rate_hz)
        self._warming = Warming(
            self._routes.all(), self._stt, self._tts, self._eot, self._llm, self._sounds, config.sip.rate_hz
        )

    async def run(self) -> int:
        """Serve until SIGTERM and the end of the last call. Returns the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        loop.add_signal_handler(SPEECH_RESTARTED, self._warming.speech_restarted.set)
        loop.add_signal_handler(MODEL_RESTARTED, self._warming.model_restarted.set)
        self._transport.accept(503, RETRY_AFTER_S)
        if not NATIVE:
            print(
                "offhook: this pjsua2 is the wheel from PyPI: 4 lines, no RTP lock, no SIP traces (docs/native.md)"
            )
        try:
            await self._transport.start()
        except OSError as error:
            print(f"offhook: {error}", file=sys.stderr)
            return WRONG_CONFIGURATION
        lines = self._transport.lines
        loop.add_reader(lines.fileno(), self._tick)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                background = [
                    tasks.create_task(self._take_calls()),
                    tasks.create_task(self._check()),
                    tasks.create_task(self._keep_warm()),
                    tasks.create_task(self._stalls.run()),
                ]
                await self._draining.wait()
                self._transport.accept(503, RETRY_AFTER_S)
                log.info("draining: %d live calls", len(self._sessions))
                await self._drained()
                for task in background:
                    task.cancel()
        finally:
            loop.remove_reader(lines.fileno())
            await self._transport.stop()
            await self._channel.close()
            if self._llm is not None:
                await self._llm.aclose()
            self._write_refused()
        return 0

    def _signalled(self) -> None:
        if self._draining.is_set():
            self._hurry.set()  # asked twice: hang up
        self._draining.set()

    # ---- audio ------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """pjmedia's clock has moved: take what is new of all lines, and write ahead."""
        lines, sessions = self._transport.lines, self._sessions
        lines.drained()
        for line in lines.new():
            session = sessions.get(line)
            heard, sent = lines.take(line)
            if session is None:
                continue
            try:
                session.tick(heard, sent)
            except Exception:
                if self._fault(session.name, "audio"):
                    self._tasks.create_task(self._end(session, "fault"))

    # ---- calls ------------------------------------------------------------------------------------------

    async def _take_calls(self) -> None:
        async for leg in self._transport.calls():
            if isinstance(leg, Refused):
                self._note_refused(leg.info.caller, leg.info.called, leg.status, leg.reason)
            else:
                self._tasks.create_task(self._one(leg))

    async def _one(self, leg: Leg) -> None:
        call = new_call_id(time.time())
        try:
            name, plan = self._routes.find(leg.info.called)
            session = CallSession(call, leg, name, plan.listens, plan.travel, self._services())
        except NoSuchPlan:
            await self._turn_away(leg, 404, "no such plan")
            return
        except Exception:
            log.exception("call %s: can't begin", call)  # no folder can be made for it, as a rule
            await self._turn_away(leg, 503, "fault")
            return
        log.info(
            "call %s: %s calls %s, plan %s",
            call,
            mask_user(leg.info.caller),
            mask_user(leg.info.called, self._routes.names),
            name,
        )
        self._sessions[leg.line] = session
        self._by_sip_id[leg.info.sip_call_id] = session
        try:
            await session.run()
        except Exception:
            # A fault of ours ends this call only: the others' audio goes through the same process.
            log.exception("call %s: failed", call)
        finally:
            if self._sessions.get(leg.line) is session:  # the line may have its next call by now
                del self._sessions[leg.line]
            if self._by_sip_id.get(leg.info.sip_call_id) is session:
                del self._by_sip_id[leg.info.sip_call_id]
            self._faults = {fault for fault in self._faults if fault[0] != call}
            log.info("call %s: over (%s)", call, session.end_reason)

    async def _turn_away(self, leg: Leg, status: int, reason: str) -> None:
        """Refuse a call that has a leg, and give its line back."""
        self._note_refused(leg.info.caller, leg.info.called, status, reason)
        try:
            await leg.reject(status)
            with contextlib.suppress(TimeoutError):  # then the release is forced, which the leg says
                async with asyncio.timeout(HANGUP_LIMIT_S):
                    async for event in leg.events():
                        if isinstance(event, Ended):
                            break
            await leg.release()
        except Exception:
            log.exception("refusing a call with %d failed", status)

    async def _end(self, session: CallSession, reason: str) -> None:
        try:
            await session.end(reason)
        except Exception:
            self._fault(session.name, "hangup")

    def _fault(self, call: str, what: str) -> bool:
        """Log the exception that is being handled, once for each call and place; True the first time."""
        if (call, what) in self._faults:
            return False
        self._faults.add((call, what))
        log.exception("call %s: %s failed", call, what)
        return True

    def _services(self) -> Services:
        return Services(
            engines=Engines(self._stt, self._tts, self._eot),
            llm=self._llm,
            lines=self._transport.lines,
            clock=MonotonicClock(),
            data=self._config.data.folder,
            recordings=self._config.data.recordings,
            rtp_timeout_s=self._config.sip.rtp_timeout_s,
            wall=time.time,
            sort_messages=self._sort_messages,
            stalls=self._stalls,
            sounds=self._sounds,
        )

    def _note_refused(self, caller: str, called: str, status: int, reason: str) -> None:
        log.info("refused a call to %s: %d %s", mask_user(called, self._routes.names), status, reason)
        row = {"at": time.time(), "caller": caller, "called": called, "status": status, "reason": reason}
        self._refused.note(row)

    def _write_refused(self) -> None:
        try:
            self._refused.write()
        except OSError as error:
            if not self._refused_failed:
                log.error("refused calls aren't kept: %s", error)
            self._refused_failed = True
        else:
            self._refused_failed = False

    async def _drained(self) -> None:
        """Until the last call is over, or the limit has passed, or a second signal: then the rest are hung up."""
        deadline = time.monotonic() + self._config.drain_s
        while self._sessions and time.monotonic() < deadline and not self._hurry.is_set():
            await asyncio.sleep(0.1)
        for session in list(self._sessions.values()):
            await self._end(session, "worker stopped")
        while self._sessions:
            await asyncio.sleep(0.05)

    async def _check(self) -> None:
        """Once a second: SIP messages to their calls, buffers to disk, dead lines ended."""
        while True:
            await asyncio.sleep(CHECK_S)
            await self._check_once()

    async def _check_once(self) -> None:
        self._sort_messages()
        self._write_refused()
        now = time.monotonic()
        for session in list(self._sessions.values()):
            try:
                await session.check(now)
            except Exception:
                self._fault(session.name, "check")

    def _sort_messages(self) -> None:
        try:
            messages = self._transport.take_messages()
        except Exception:
            self._fault("any", "taking SIP messages")
            return
        for call_id, message in messages:
            session = self._by_sip_id.get(call_id)
            if session is not None and self._config.data.trace:
                try:
                    session.folder.message(message)
                except Exception:
                    self._fault(session.name, "trace")

    # ---- engines ----------------------------------------------------------------------------------------

    async def _keep_warm(self) -> None:
        """Take calls once every engine is warm; from then on one that was lost doesn't keep callers out."""
        started = time.monotonic()
        await self._warming.first()
        if not self._draining.is_set():
            self._transport.accept(200)
            took = time.monotonic() - started
            sip, lines = self._config.sip, self._transport.lines_sold
            print(
                f"offhook: answering sip:{sip.listen} ({', '.join(sip.transports)}), {lines} lines,"
                f" plan {self._config.plans.default}; engines warm after {took:.1f} s",
                flush=True,
            )
        await self._warming.again()


def _llm_config(config: Config, url: str) -> OpenAiChatConfig:
    key = os.environ[config.llm.api_key_env] if config.llm.api_key_env else ""
    return OpenAiChatConfig(base_url=url, model=config.llm.model, api_key=key)


def allow_files() -> None:
    """A call has five: RTP, RTCP, recording, journal, trace. Debian's soft limit of 1,024 is 200 calls."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(argv: list[str]) -> int:
    """Run a worker with the settings file that `telephony.serve` wrote."""
    allow_files()
    row = json.loads(Path(argv[0]).read_text())
    config = Config.model_validate(row["config"])
    logging.basicConfig(
        level=config.log_level.upper(), format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)

    async def work() -> int:
        return await Worker(config, row["speech"], row["llm"]).run()

    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(work())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
