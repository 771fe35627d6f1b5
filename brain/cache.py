"""Where what is costly to get is kept: models, rendered prompts."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """$OFFHOOK_CACHE, else ~/.cache/offhook."""
    return Path(os.environ.get("OFFHOOK_CACHE") or Path.home() / ".cache" / "offhook")
