"""Does the bot in this container answer OPTIONS? For Docker's HEALTHCHECK: exit status 0 or 1, and one line.

Where it listens is read as `offhook serve`, process 1's command line, reads it. 403 is an answer too: with an
access list loopback may not call, and the gate says so before it looks whether the engines are warm.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from telephony import serve
from telephony.config import split_address
from telephony.doctor import options


def main() -> int:
    """0 for 200 or 403, else 1."""
    words = Path("/proc/1/cmdline").read_bytes().decode().split("\0")[:-1]
    if "serve" not in words:
        print("process 1 is no offhook serve")
        return 1
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    config = serve.configured(parser.parse_args(words[words.index("serve") + 1 :]))
    host, port = split_address(config.sip.listen, 5060)
    status = options("127.0.0.1" if host == "0.0.0.0" else host, port, wait_s=3.0)
    print(f"OPTIONS to {host}:{port}: {status or 'no answer'}")
    return 0 if status in (200, 403) else 1


if __name__ == "__main__":
    sys.exit(main())
