"""What a call leaves on disk: whole or not at all, and for its owner only."""

import json
import stat

import pytest

from telephony.records import CallFolder, new_call_id, note_refused
from telephony.transport import SipMessage


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_calls_sort_by_time_and_are_not_mixed_up():
    first, second = new_call_id(1_700_000_000.0), new_call_id(1_700_000_001.0)
    assert first < second and first.startswith("20231114-221320-")
    assert len({new_call_id(0.0) for _ in range(100)}) == 100


def test_a_folder_holds_journal_messages_and_record(tmp_path):
    folder = CallFolder(tmp_path, "call")
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
    folder = CallFolder(there / "data", "call")
    made = [folder.path, *folder.path.parents[:2]]
    assert [path.name for path in made] == ["call", "calls", "data"]
    assert {mode(path) for path in made} == {0o700} and mode(there) == 0o755
    with pytest.raises(FileExistsError):
        CallFolder(there / "data", "call")


def test_a_call_without_messages_leaves_no_empty_trace(tmp_path):
    folder = CallFolder(tmp_path, "call")
    folder.close({})
    assert not (folder.path / "sip.jsonl").exists()


def test_refused_calls_are_lines(tmp_path):
    data = tmp_path / "data"
    note_refused(data, {"status": 486})
    note_refused(data, {"status": 503})
    path = data / "refused.jsonl"
    assert [json.loads(line)["status"] for line in path.read_text().splitlines()] == [486, 503]
    assert mode(path) == 0o600
