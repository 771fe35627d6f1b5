"""Packs pjsua2's SWIG wrapper and our C++ into one extension module; called by build.sh.

PJDIR names the built pjproject. Its libraries are static, so everything that shares pjlib's state must be
linked into this one module.
"""

import os
import subprocess

from setuptools import Extension, setup

PJDIR = os.environ["PJDIR"]
VERSION = os.environ["PJSUA2_VERSION"]


def make_words(target: str) -> list[str]:
    """What pjproject's own makefile for Python says: its "cflags", "libs" or "ldflags"."""
    directory = os.path.join(PJDIR, "pjsip-apps", "src", "swig", "python")
    command = ["make", "--no-print-directory", "-s", "-C", directory, "-f", "helper.mak", target]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


setup(
    name="pjsua2",
    version=VERSION,
    description="PJSIP's pjsua2 for Python, with Offhook's native ring, RTP lock and gate",
    url="https://www.pjsip.org",
    license="GPL-2.0-or-later",
    py_modules=["pjsua2"],
    ext_modules=[
        Extension(
            "_pjsua2",
            ["pjsua2_wrap.cpp", "ring.cpp", "port.cpp", "rtp_tap.cpp", "gate.cpp", "answers.cpp"],
            libraries=make_words("libs"),
            extra_compile_args=[*make_words("cflags"), "-std=c++20", "-fvisibility=hidden"],
            extra_link_args=[*make_words("ldflags"), "-Wl,--exclude-libs,ALL", "-Wl,-s"],
        )
    ],
)
