"""A trace is a ladder a person can read, with no number in it."""

import argparse
import json
from dataclasses import asdict

from telephony.trace import report, run, summary
from telephony.transport import LineQuality

INVITE = (
    "INVITE sip:reception@127.0.0.1 SIP/2.0\r\nCSeq: 1 INVITE\r\nFrom: <sip:+4930123456@10.0.0.1>;tag=1\r\n"
    "Content-Type: application/sdp\r\n\r\nv=0\r\nm=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
OK = "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"

RECORD = {
    "call": "20260101-000000-abcdef", "caller": "+4930123456", "called": "reception", "plan": "reception",
    "peer": "10.0.0.1:5060", "codec": "PCMU", "rate_hz": 8000, "ptime_ms": 20, "duration_s": 4.2,
    "end": {"reason": "done", "by": "bot"},
    "quality": asdict(
        LineQuality(
            rx_packets=200, rx_lost=1, rx_loss_runs=1, rx_jitter_ms=0.4, rx_mos=4.36, buffer_ms=40.0, tx_packets=210,
            tx_jitter_ms=0.2, round_trip_ms=3.0,
        )
    ),
}  # fmt: skip


def test_messages_in_a_few_words():
    assert summary(INVITE) == "INVITE"
    assert summary(OK) == "200 OK (INVITE)"
    assert summary("nonsense") == "nonsense"


def test_the_ladder():
    rows = [
        {"at": 10.0, "sent": False, "peer": "10.0.0.1:5060", "transport": "udp", "text": INVITE},
        {"at": 10.25, "sent": True, "peer": "10.0.0.1:5060", "transport": "udp", "text": OK},
    ]
    lines = report(rows, RECORD)
    text = "\n".join(lines)
    assert "30123456" not in text and "30123456" not in "\n".join(report(rows, RECORD, whole=True))
    ladder = [line for line in lines if line.endswith("|")]
    assert "INVITE" in ladder[0] and ladder[0].rstrip("|").endswith(">")
    assert "0.250 s |<" in ladder[1] and "200 OK" in ladder[1]
    assert any("a=rtpmap:0 PCMU/8000" in line for line in lines)
    assert any("200 packets, 1 lost" in line and "MOS 4.36" in line for line in lines)
    assert any("RTP out" in line and "MOS not known" in line for line in lines)


def test_people_are_masked_and_plans_are_not():
    message = INVITE.replace("<sip:+4930123456@", "Ann Smith <sip:ann.smith@")
    rows = [{"at": 1.0, "sent": False, "peer": "10.0.0.1:5060", "transport": "udp", "text": message}]
    text = "\n".join(report(rows, RECORD | {"caller": "ann.smith"}, whole=True))
    assert "smith" not in text.lower() and "a*******h -> reception" in text and "INVITE sip:reception@" in text
    other = "\n".join(report([], RECORD | {"called": "1001"}))
    assert "1001" not in other


def test_a_call_without_messages_still_has_a_trace(tmp_path, capsys):
    assert any("RTP in" in line for line in report([], RECORD))
    call = tmp_path / "calls" / "20260101-000000-abcdef"
    call.mkdir(parents=True)
    args = argparse.Namespace(data=tmp_path, call="last", messages=False)
    assert run(args) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"offhook: {call / 'record.json'}: no such file; the call isn't over, or isn't one"
    (call / "record.json").write_text(json.dumps(RECORD))
    assert run(args) == 0 and "RTP in" in capsys.readouterr().out
