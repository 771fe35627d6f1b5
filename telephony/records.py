"""What a call leaves in the data folder: a record, a recording, a journal and a trace of its SIP.

    DATA/calls/ID/record.json      who, when, how it went, every turn with its times
    DATA/calls/ID/recording.wav    stereo: the caller left, the bot right
    DATA/calls/ID/journal.jsonl    the turn manager's events and actions (`offhook replay`)
    DATA/calls/ID/sip.jsonl        every SIP message, without the keys of INFO (`offhook trace`)
    DATA/refused.jsonl             calls that were refused, one line each; refused.jsonl.1 those before

Files are made with mode 0600, folders with 0700: they hold what callers said.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from telephony.masking import mask_keys
from telephony.transport import SipMessage


def new_call_id(at: float) -> str:
    """A name for a call that sorts by time: 20260131-235959-1a2b3c4d5e6f (UTC).

    Two hundred calls may begin in one second: with 24 random bits one second in a thousand has the same name twice.
    """
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(at)) + "-" + secrets.token_hex(6)


@overload
def open_private(path: Path, mode: Literal["w", "a"] = "w") -> TextIO: ...
@overload
def open_private(path: Path, mode: Literal["wb", "wb+"]) -> BinaryIO: ...
def open_private(path: Path, mode: str = "w") -> IO[Any]:
    """Open `path` for writing, readable by its owner only."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if "a" in mode else os.O_TRUNC)
    if "+" in mode:
        flags = flags & ~os.O_WRONLY | os.O_RDWR
    return os.fdopen(os.open(path, flags, 0o600), mode, encoding=None if "b" in mode else "utf-8")


def private_folder(path: Path) -> None:
    """Make `path` and all that is missing above it, each for its owner only. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


class _Lines:
    """A file of lines. The first that can't be written is reported, and those after it go nowhere."""

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        self._file, self._name, self._report = open_private(path), path.name, report

    def add(self, line: str) -> None:
        self._try(lambda: self._file.write(line + "\n"))

    def flush(self) -> None:
        self._try(self._file.flush)

    def close(self) -> None:
        self._try(self._file.close)

    def _try(self, what: Callable[[], object]) -> None:
        if self._file.closed:
            return
        try:
            what()
        except OSError as error:
            with contextlib.suppress(OSError):  # the same again: what was buffered
                self._file.close()
            self._report(f"{self._name}: {error.strerror or error}")


class CallFolder:
    """One call's files. Lines are buffered and written by `flush`, so no audio waits for a disk.

    A full disk ends no call: `report` is told of it once for each file, and the call goes on without that file. Only
    making the folder, and `close`, raise OSError.
    """

    def __init__(self, data: Path, call: str, report: Callable[[str], None]) -> None:
        self.path = data / "calls" / call
        self._report = report
        private_folder(self.path.parent)
        self.path.mkdir(mode=0o700)
        self._journal = _Lines(self.path / "journal.jsonl", report)
        self._sip: _Lines | None = None
        self._sip_failed = False

    def journal(self, line: str) -> None:
        """Add a line to the journal."""
        self._journal.add(line)

    def message(self, message: SipMessage) -> None:
        """Add a SIP message to the trace; keys in it are masked."""
        if self._sip is None:
            if self._sip_failed:
                return
            try:
                self._sip = _Lines(self.path / "sip.jsonl", self._report)
            except OSError as error:
                self._sip_failed = True
                self._report(f"sip.jsonl: {error.strerror or error}")
                return
        row = {
            "at": message.at,
            "sent": message.sent,
            "peer": message.peer,
            "transport": message.transport,
            "text": mask_keys(message.text),
        }
        self._sip.add(json.dumps(row))

    def flush(self) -> None:
        """Write what is buffered, so that a killed worker leaves all but the last second."""
        self._journal.flush()
        if self._sip is not None:
            self._sip.flush()

    def close(self, record: dict[str, Any]) -> None:
        """Write the record and close everything. Raises OSError where the record can't be written."""
        self._journal.close()
        if self._sip is not None:
            self._sip.close()
        part = self.path / "record.json.part"
        with open_private(part) as file:
            json.dump(record, file, indent=1, ensure_ascii=False)
            file.write("\n")
        part.rename(self.path / "record.json")


class RefusedCalls:
    """DATA/refused.jsonl. Anybody can have calls refused, as many as they like: what is kept of them is bounded.

    Of the calls between two writes `ROWS_AT_ONCE` have a row; the rest are counted in one, as `not_listed`. At
    `FILE_BYTES` the file becomes refused.jsonl.1, in place of the one before.
    """

    ROWS_AT_ONCE = 100
    FILE_BYTES = 10_000_000

    def __init__(self, data: Path) -> None:
        self._path = data / "refused.jsonl"
        self._rows: list[dict[str, Any]] = []
        self._not_listed = 0
        self._last_at = 0.0

    def note(self, row: dict[str, Any]) -> None:
        """A call was refused; `row` has when, as `at`."""
        self._last_at = row["at"]
        if len(self._rows) < self.ROWS_AT_ONCE:
            self._rows.append(row)
        else:
            self._not_listed += 1

    def write(self) -> None:
        """Write what was noted, about once a second. Raises OSError; then the calls are counted with the next."""
        rows, not_listed = self._rows, self._not_listed
        if not rows and not not_listed:
            return
        self._rows, self._not_listed = [], not_listed + len(rows)
        if not_listed:
            rows = [*rows, {"at": self._last_at, "not_listed": not_listed}]
        private_folder(self._path.parent)
        with open_private(self._path, "a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
            size = file.tell()
        self._not_listed = 0
        if size >= self.FILE_BYTES:
            self._path.replace(self._path.with_name("refused.jsonl.1"))
