"""What a call leaves in the data folder: a record, a recording, a journal and a trace of its SIP.

    DATA/calls/ID/record.json      who, when, how it went, every turn with its times
    DATA/calls/ID/recording.wav    stereo: the caller left, the bot right
    DATA/calls/ID/journal.jsonl    the turn manager's events and actions (`offhook replay`)
    DATA/calls/ID/sip.jsonl        every SIP message, without the keys of INFO (`offhook trace`)
    DATA/refused.jsonl             calls that were refused, one line each

Files are made with mode 0600, folders with 0700: they hold what callers said.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import IO, Any

from telephony.masking import mask_keys
from telephony.transport import SipMessage


def new_call_id(at: float) -> str:
    """A name for a call that sorts by time: 20260131-235959-1a2b3c (UTC)."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(at)) + "-" + secrets.token_hex(3)


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


class CallFolder:
    """One call's files. Lines are buffered and written by `flush`, so no audio waits for a disk."""

    def __init__(self, data: Path, call: str) -> None:
        self.path = data / "calls" / call
        private_folder(self.path.parent)
        self.path.mkdir(mode=0o700)
        self._journal = open_private(self.path / "journal.jsonl")
        self._sip: IO[str] | None = None

    def journal(self, line: str) -> None:
        """Add a line to the journal."""
        self._journal.write(line + "\n")

    def message(self, message: SipMessage) -> None:
        """Add a SIP message to the trace; keys in it are masked."""
        if self._sip is None:
            self._sip = open_private(self.path / "sip.jsonl")
        row = {
            "at": message.at,
            "sent": message.sent,
            "peer": message.peer,
            "transport": message.transport,
            "text": mask_keys(message.text),
        }
        self._sip.write(json.dumps(row) + "\n")

    def flush(self) -> None:
        """Write what is buffered, so that a killed worker leaves all but the last second."""
        self._journal.flush()
        if self._sip is not None:
            self._sip.flush()

    def close(self, record: dict[str, Any]) -> None:
        """Write the record and close everything."""
        part = self.path / "record.json.part"
        with open_private(part) as file:
            json.dump(record, file, indent=1, ensure_ascii=False)
            file.write("\n")
        part.rename(self.path / "record.json")
        self._journal.close()
        if self._sip is not None:
            self._sip.close()


def note_refused(data: Path, row: dict[str, Any]) -> None:
    """Add one refused call to DATA/refused.jsonl."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_private(data / "refused.jsonl", "a") as file:
        file.write(json.dumps(row) + "\n")
