"""`offhook`, but the speech server that it supervises is the scripted one: for tests of processes.

It hears "yes" whatever is said. Nothing else of `offhook serve` is changed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from telephony import main, serve
from telephony.config import Config
from telephony.supervisor import Child

HEARD = ["--script", "yes"] * 500
_children = serve.children


def scripted(config: Config, runtime: Path) -> tuple[list[Child], list[Child]]:
    """The children of `offhook serve`, the speech server with a script."""
    servers, workers = _children(config, runtime)
    servers = [
        replace(child, argv=(*child.argv, *HEARD)) if child.name == "speech server" else child
        for child in servers
    ]
    return servers, workers


if __name__ == "__main__":
    serve.children = scripted
    sys.exit(main.main())
