"""What was computed once, by content: a table of JSON values in the cache, shared by processes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any


def digest(*parts: bytes | str) -> str:
    """A key for content; every part ends, so that no two lists of parts are alike."""
    key = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        key.update(len(data).to_bytes(8, "big") + data)
    return key.hexdigest()[:32]


class Memo:
    """A persistent dictionary. `made` counts what wasn't in it."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, timeout=60.0, isolation_level=None)
        self._base.execute("pragma journal_mode=wal")
        self._base.execute("pragma synchronous=normal")
        self._base.execute("create table if not exists memo (key text primary key, value text) without rowid")
        self._held: dict[str, Any] = {}
        self.made = 0

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """What is kept under `key`, else what `make` gives, which is JSON."""
        if key in self._held:
            return self._held[key]
        row = self._base.execute("select value from memo where key = ?", (key,)).fetchone()
        if row is None:
            value = make()
            self.made += 1
            self._base.execute("insert or replace into memo values (?, ?)", (key, json.dumps(value)))
        else:
            value = json.loads(row[0])
        self._held[key] = value
        return value
