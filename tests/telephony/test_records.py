"""What a call leaves on disk: whole or not at all, and for its owner only."""

import json
import os
import stat

import pytest

from telephony import records
from telephony.records import CallFolder, RefusedCalls, new_call_id
from telephony.transport import SipMessage


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_calls_sort_by_time_and_are_not_mixed_up():
    first, second = new_call_id(1_700_000_000.0), new_call_id(1_700_000_001.0)
    assert first < second and first.startswith("20231114-221320-")
    assert len({new_call_id(0.0) for _ in range(20_000)}) == 20_000


def test_a_folder_holds_journal_messages_and_record(tmp_path):
    folder = CallFolder(tmp_path, "call", print)
    folder.journal('{"journal": 1}')
    folder.message(SipMessage(1.5, False, "10.0.0.1:5060", "udp", "INVITE sip:ü SIP/2.0\r\n\r\n"))
    folder.flush()  # what a killed worker leaves
    assert (folder.path / "journal.jsonl").read_text() == '{"journal": 1}\n'
    row = json.loads((folder.path / "sip.jsonl").read_text())
    assert row["text"].startswith("INVITE sip:ü") and row["sent"] is False
    assert not (folder.path / "record.json").exists()
    folder.close({"call": "call", "slots": {"name": "Zoë"}})
    assert json.loads((folder.path / "record.json").read_text())["slots"]["name"] == "Zoë"
    assert {path.name for path in folder.path.iterdir()} == {"journal.jsonl", "sip.jsonl", "record.json"}
    assert mode(folder.path) == 0o700 and {mode(path) for path in folder.path.iterdir()} == {0o600}


def test_every_folder_that_is_made_is_private(tmp_path):
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    folder = CallFolder(there / "data", "call", print)
    made = [folder.path, *folder.path.parents[:2]]
    assert [path.name for path in made] == ["call", "calls", "data"]
    assert {mode(path) for path in made} == {0o700} and mode(there) == 0o755
    with pytest.raises(FileExistsError):
        CallFolder(there / "data", "call", print)


def test_a_call_without_messages_leaves_no_empty_trace(tmp_path):
    folder = CallFolder(tmp_path, "call", print)
    folder.close({})
    assert not (folder.path / "sip.jsonl").exists()


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_refused_calls_are_lines(tmp_path):
    refused = RefusedCalls(tmp_path / "data")
    path = tmp_path / "data" / "refused.jsonl"
    refused.write()
    refused.note({"at": 1.0, "status": 486})
    assert not path.exists()
    refused.write()
    refused.note({"at": 2.0, "status": 503})
    refused.write()
    refused.write()
    assert [row["status"] for row in rows(path)] == [486, 503]
    assert mode(path) == 0o600


def test_of_a_flood_of_refused_calls_the_most_are_only_counted(tmp_path):
    refused = RefusedCalls(tmp_path)
    for at in range(1000):
        refused.note({"at": at, "status": 403})
    refused.write()
    written = rows(tmp_path / "refused.jsonl")
    assert len(written) == RefusedCalls.ROWS_AT_ONCE + 1
    assert written[-1] == {"at": 999, "not_listed": 1000 - RefusedCalls.ROWS_AT_ONCE}


def test_the_file_of_refused_calls_begins_anew_when_it_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr(RefusedCalls, "FILE_BYTES", 100)
    refused = RefusedCalls(tmp_path)
    for at in range(20):
        refused.note({"at": at, "status": 403})
        refused.write()
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 300
    assert {path.name for path in tmp_path.iterdir()} <= {"refused.jsonl", "refused.jsonl.1"}
    assert rows(tmp_path / "refused.jsonl.1")[-1]["at"] >= 16


def test_refused_calls_that_could_not_be_written_are_counted_later(tmp_path):
    data = tmp_path / "data"
    data.write_text("not a folder")
    refused = RefusedCalls(data)
    for at in (1.0, 2.0):
        refused.note({"at": at, "status": 403})
    with pytest.raises(OSError):
        refused.write()
    data.unlink()
    refused.note({"at": 3.0, "status": 404})
    refused.write()
    assert rows(data / "refused.jsonl") == [{"at": 3.0, "status": 404}, {"at": 3.0, "not_listed": 2}]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_reported_once_for_each_file(tmp_path, monkeypatch):
    problems = []
    monkeypatch.setattr(records, "open_private", lambda path: open("/dev/full", "w"))
    folder = CallFolder(tmp_path, "call", problems.append)
    for _ in range(3):
        folder.journal("line")
        folder.message(SipMessage(1.5, False, "10.0.0.1:5060", "udp", "BYE"))
        folder.flush()
    assert problems == ["journal.jsonl: No space left on device", "sip.jsonl: No space left on device"]


def test_a_trace_that_can_not_be_made_is_reported_once(tmp_path):
    problems = []
    folder = CallFolder(tmp_path, "call", problems.append)
    (folder.path / "sip.jsonl").mkdir()
    for _ in range(3):
        folder.message(SipMessage(1.5, False, "10.0.0.1:5060", "udp", "BYE"))
    folder.close({})
    assert problems == ["sip.jsonl: Is a directory"]
