"""RTP as a pcap file, for SIPp's `play_pcap_audio`: Ethernet, IPv4, UDP, RTP (RFC 3550), PCMU every 20 ms."""

from __future__ import annotations

import struct
from pathlib import Path

from media.frame import Pcm
from media.g711 import encode_ulaw

_FRAME = 160
_FRAME_US = 20_000
_MAGIC, _ETHERNET, _SNAPLEN = 0xA1B2C3D4, 1, 65535
_IPV4, _UDP = 0x0800, 17
_SSRC = 0x0FF400C0


def write_pcap(path: Path, pcm: Pcm) -> None:
    """`pcm` at 8 kHz, whole frames of it. Addresses and ports are SIPp's to fill in."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, _SNAPLEN, _ETHERNET))
        for number in range(pcm.size // _FRAME):
            payload = encode_ulaw(pcm[number * _FRAME : (number + 1) * _FRAME])
            rtp = struct.pack("!BBHII", 0x80, 0x80 if number == 0 else 0, number & 0xFFFF, number * _FRAME, _SSRC)
            udp = struct.pack("!HHHH", 4000, 4000, 8 + len(rtp) + len(payload), 0)
            length = 20 + len(udp) + len(rtp) + len(payload)
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, number & 0xFFFF, 0, 64, _UDP, 0, *[b"\x7f\0\0\1"] * 2)
            packet = bytes(12) + struct.pack("!H", _IPV4) + ip + udp + rtp + payload
            seconds, micros = divmod(number * _FRAME_US, 1_000_000)
            file.write(struct.pack("<IIII", seconds, micros, len(packet), len(packet)) + packet)
