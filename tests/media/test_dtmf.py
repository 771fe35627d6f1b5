"""In-band keys: the criteria of receiver tests, in short; `python -m benchmarks.dtmf` prints them in full."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_signals import RECORDINGS, recording

from benchmarks import dtmf as criteria
from benchmarks.dtmf_signals import (
    ALL_KEYS,
    FILLERS,
    LINES,
    Burst,
    Line,
    detect,
    keys,
    lose,
    mistakes,
    sound,
    to_pcm,
    tone,
    white_noise,
)
from media.conceal import Concealer
from media.dtmf import FREQUENCIES_HZ, DtmfDetector, KeyDown, KeyUp
from media.dtmf_send import INFO_TYPES, checked, info_body, tones

PLAIN, PCMU, PCMA, WIDE, PCMU_WIDE = LINES
every_line = pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])


@pytest.mark.parametrize(("key", "low_hz", "high_hz"), [
    ("1", 697, 1209), ("5", 770, 1336), ("9", 852, 1477), ("D", 941, 1633), ("*", 941, 1209), ("#", 941, 1477),
    ("0", 941, 1336), ("A", 697, 1633),
])  # fmt: skip
def test_the_keypad(key: str, low_hz: int, high_hz: int) -> None:
    assert FREQUENCIES_HZ[key] == (low_hz, high_hz)
    made = tone(low_hz, -10, 800, 8000) + tone(high_hz, -10, 800, 8000)
    assert keys(detect(to_pcm(np.concatenate((made, np.zeros(800)))), 8000)) == key


@every_line
def test_decode(line: Line) -> None:
    """T2, and that the same key again after 50 ms is another press."""
    assert criteria.heard(line, [Burst(key, -4, -4) for key in ALL_KEYS for _ in range(3)]) == "".join(
        key * 3 for key in ALL_KEYS
    )


@every_line
@pytest.mark.parametrize("low", [True, False])
def test_bandwidth(line: Line, low: bool) -> None:
    """T3 by ITU-T Q.24: 1.5 % and 2 Hz off are taken, 3.5 % off aren't."""
    for key in "159D":
        hz = FREQUENCIES_HZ[key][0 if low else 1]
        for sign in (1, -1):
            near, far = sign * (0.015 + 2 / hz), sign * 0.035
            bursts = [Burst(key, -17, -17, low_off=o if low else 0, high_off=0 if low else o) for o in (near, far)]
            assert criteria.heard(line, bursts[:1] * 3) == key * 3
            assert criteria.heard(line, bursts[1:] * 3) == ""


@every_line
def test_twist(line: Line) -> None:
    """T4: at least 8 dB where the high tone is the weaker, 4 where the low one is; not without end."""
    assert criteria.heard(line, [Burst(key, -3, -11) for key in "159D"]) == "159D"
    assert criteria.heard(line, [Burst(key, -7, -3) for key in "159D"]) == "159D"
    assert criteria.heard(line, [Burst(key, -3, -16) for key in "159D"]) == ""
    assert criteria.heard(line, [Burst(key, -16, -3) for key in "159D"]) == ""


@every_line
def test_dynamic_range(line: Line) -> None:
    """T5, from a level at which the sum of the tones is clipped."""
    assert criteria.dynamic_range(line) >= 35


@every_line
def test_noise(line: Line) -> None:
    """T7, a tenth of it: at 15 dB each burst is one key; at 0 dB they aren't."""
    bursts = [Burst("1", -4, -4)] * 100
    assert criteria.heard(line, bursts, lambda size: white_noise(size, -19, 5)) == "1" * 100
    assert criteria.heard(line, bursts, lambda size: white_noise(size, 2, 5)) != "1" * 100


@every_line
def test_dial_tone(line: Line) -> None:
    def dial_tone(size: int) -> np.ndarray:
        return tone(350, -25, size, line.made_hz) + tone(440, -25, size, line.made_hz)

    assert criteria.heard(line, [Burst(key, -15, -15) for key in ALL_KEYS], dial_tone) == ALL_KEYS


@pytest.mark.parametrize("line", [PCMU, WIDE], ids=["PCMU", "16 kHz"])
@pytest.mark.parametrize(("on_ms", "found"), [(20, 0), (23, 0), (30, 40), (40, 40)])
def test_shortest_tone(line: Line, on_ms: float, found: int) -> None:
    """ITU-T Q.24 (AT&T): 40 ms are a key, 23 ms aren't, wherever frames begin."""
    assert len(criteria.heard(line, [Burst("1", -3, -3, on_ms=on_ms, off_ms=111 - on_ms)] * 40)) == found


@every_line
def test_lengths_and_delay(line: Line) -> None:
    """50 ms of tone and of pause are told as 40 to 60, onsets to a millisecond, keys within 60 ms."""
    figures = criteria.lengths(line)
    assert 40 <= figures["shortest"] <= figures["longest"] <= 60
    assert figures["onset_error"] <= 1.0
    assert figures["told_after"] <= 60


def test_lengths_in_noise() -> None:
    """The pauses of a noisy line aren't silent, and its keys keep their lengths all the same."""
    bursts = [Burst(key, on_ms=70, off_ms=60) for key in ALL_KEYS * 4]
    signal, starts = sound(bursts, 8000)
    told = detect(PCMU.carry(signal + white_noise(signal.size, -25, 2)), 8000)
    downs = [t.event for t in told if isinstance(t.event, KeyDown)]
    ups = [t.event for t in told if isinstance(t.event, KeyUp)]
    assert [d.symbol for d in downs] == [u.symbol for u in ups] == list(ALL_KEYS * 4)
    assert max(abs(d.onset - start) for d, start in zip(downs, starts, strict=True)) <= 24
    assert max(abs(u.end - start - 560) for u, start in zip(ups, starts, strict=True)) <= 40


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("line", [PCMU, PCMU_WIDE], ids=["PCMU", "PCMU at 16 kHz"])
def test_lost_packets(line: Line, filler: str) -> None:
    """3 % lost: 200 keys of 100 ms, equal ones in a row among them, each exactly once."""
    assert criteria.lossy(line, filler, 100, 100, 200) == {"missed": 0, "doubled": 0, "wrong": 0}


def test_lost_packets_of_short_tones() -> None:
    """Most that lost a packet are found: of 400 at 3 %, all of 60 ms, and all but two of 50 ms."""
    found = [criteria.lossy(PCMU, "concealed", on_ms, on_ms, 400, seed=5) for on_ms in (60, 50)]
    assert found[0]["missed"] == 0 and found[1]["missed"] <= 2
    assert all(f["doubled"] == f["wrong"] == 0 for f in found)


@pytest.mark.parametrize("line", [PCMU, PCMU_WIDE], ids=["PCMU", "PCMU at 16 kHz"])
@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("before_ms", range(1, 20, 3))
def test_a_concealed_packet_of_50_ms(line: Line, lost: int, before_ms: int) -> None:
    """The first whole packet of the tone, or the second: one key, and where it was, to a packet and a bit."""
    step, ms = line.heard_hz // 50, line.heard_hz // 1000
    pcm = line.carry(np.concatenate((np.zeros(480 - before_ms * 8), sound([Burst("5")], 8000)[0])))
    at = (2 + lost) * step
    concealer = Concealer(line.heard_hz)
    concealer.heard(pcm[:at])
    pcm[at : at + step] = concealer.extend(step)
    pcm[at + step : at + 2 * step] = concealer.join(pcm[at + step : at + 2 * step])
    down, up = (t.event for t in detect(pcm, line.heard_hz))
    assert isinstance(down, KeyDown) and isinstance(up, KeyUp) and down.symbol == up.symbol == "5"
    assert abs(down.onset - (60 - before_ms) * ms) <= 27 * ms
    assert abs(up.end - (110 - before_ms) * ms) <= 27 * ms


@pytest.mark.parametrize(("before_ms", "after_ms", "found"), [
    (0, 0, ""), (20, 0, "5"), (0, 20, "5"), (200, 0, ""), (0, 200, ""), (60, 60, ""),
])  # fmt: skip
def test_a_short_tone_beside_noise(before_ms: int, after_ms: int, found: str) -> None:
    """22 ms are no key, unless what is beside them may be a packet that was concealed, and silence is around both."""
    quiet, (tones_, _) = np.zeros(8 * 93), sound([Burst("5", on_ms=22, off_ms=0)], 8000)
    noise = white_noise(8 * 200, -10, 4)
    parts = (quiet, noise[: before_ms * 8], tones_[:176], noise[: after_ms * 8], quiet)
    assert keys(detect(PCMU.carry(np.concatenate(parts)), 8000)) == found


@pytest.mark.parametrize("lost", range(1, 12))
@pytest.mark.parametrize("filler", [0, 1])
def test_one_packet_lost_anywhere(lost: int, filler: int) -> None:
    """Each packet of "55" in turn, filled with silence or the packet before: two keys."""
    signal, _ = sound([Burst("5", on_ms=100, off_ms=80)] * 2, 8000)
    pcm = PCMU.carry(np.concatenate((np.zeros(93), signal)))
    pcm[lost * 160 : (lost + 1) * 160] = pcm[(lost - 1) * 160 : lost * 160] * filler
    assert keys(detect(pcm, 8000)) == "55"


def test_a_long_key_is_one() -> None:
    told = detect(PCMU.carry(sound([Burst("#", on_ms=5000)], 8000)[0]), 8000)
    assert [type(t.event) for t in told] == [KeyDown, KeyUp]
    assert isinstance(told[1].event, KeyUp) and abs(told[1].event.end - 40000) < 16


def test_a_key_that_follows_another_without_pause() -> None:
    told = detect(PCMU.carry(sound([Burst("1", on_ms=100, off_ms=0), Burst("6", on_ms=100)], 8000)[0]), 8000)
    assert [(type(t.event), t.event.symbol) for t in told] == [
        (KeyDown, "1"), (KeyUp, "1"), (KeyDown, "6"), (KeyUp, "6"),
    ]  # fmt: skip


def test_keys_over_a_voice() -> None:
    """Vowels of 120 Hz, 9 dB under the keys in all: keys are found, and before and after them nothing is."""
    rng = np.random.default_rng(1)
    signal, _ = sound([Burst(key, on_ms=100, off_ms=100) for key in ALL_KEYS], 8000)
    t = np.arange(3 * signal.size) / 8000
    voice = sum(np.sin(2 * np.pi * 120 * k * t + rng.uniform(0, 7)) / k**0.7 for k in range(1, 28))
    assert isinstance(voice, np.ndarray)
    voice *= np.sqrt(np.mean(signal[:800] ** 2) / np.mean(voice**2)) * 10 ** (-9 / 20)
    voice[signal.size : 2 * signal.size] += signal
    told = detect(PCMU.carry(voice), 8000)
    assert keys(told) == ALL_KEYS
    assert all(signal.size - 80 < t.event.onset < 2 * signal.size for t in told if isinstance(t.event, KeyDown))


@pytest.mark.parametrize("hz", [(697,), (1209,), (697, 770), (1209, 1633), (350, 440), (480, 620), (1400, 2060)])
def test_tones_that_are_no_keys(hz: tuple[int, ...]) -> None:
    signal = np.sum([tone(f, -10, 16000, 8000) for f in hz], axis=0)
    assert detect(PCMU.carry(signal), 8000) == []


@pytest.mark.parametrize(("package", "path"), RECORDINGS)
def test_a_voice_is_no_key(package: str, path: str) -> None:
    voice = recording(package, path, 30)
    assert detect(PCMU.carry(voice.astype(float)), 8000) == []


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_no_key(seed: int) -> None:
    assert detect(PCMU.carry(white_noise(30 * 8000, -10 - 15 * seed, seed)), 8000) == []


def test_a_jump_ends_the_key() -> None:
    """Audio that was lost for good: what follows has another position."""
    pcm = PCMU.carry(sound([Burst("8", on_ms=200)], 8000)[0])
    detector = DtmfDetector(8000)
    (down,) = detector.feed(pcm[:1120], 0)
    assert isinstance(down, KeyDown) and down.onset <= 8
    up, again = detector.feed(pcm[:640], 48000)
    assert up == KeyUp("8", 1120)
    assert isinstance(again, KeyDown) and abs(again.onset - 48000) <= 16


def test_frames_may_come_together() -> None:
    pcm = PCMU.carry(sound([Burst(key) for key in "2580"], 8000)[0])
    one_by_one = [t.event for t in detect(pcm, 8000)]
    assert DtmfDetector(8000).feed(pcm[: pcm.size // 160 * 160], 0) == one_by_one


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="8000 and 16000"):
        DtmfDetector(44100)
    with pytest.raises(ValueError, match="frames of 160"):
        DtmfDetector(8000).feed(np.zeros(100, np.int16), 0)


def test_memory_is_bounded() -> None:
    detector, rng = DtmfDetector(8000), np.random.default_rng(3)
    sizes = []
    for second in range(8):
        key = tones(ALL_KEYS[second], 8000, 500, 500) + rng.integers(-90, 90, 8000).astype(np.int16)
        detector.feed(key, second * 8000)
        sizes.append(len(pickle.dumps(detector)))
    assert max(sizes) < 1.2 * min(sizes)


@given(st.lists(st.tuples(st.sampled_from(ALL_KEYS), st.integers(50, 160), st.integers(60, 160)), max_size=8))
@settings(deadline=None, max_examples=40)
def test_any_keys_of_any_length(presses: list[tuple[str, int, int]]) -> None:
    bursts = [Burst(key, on_ms=on, off_ms=off) for key, on, off in presses]
    signal, starts = sound([*bursts, Burst("0", -90, -90)], 8000)
    told = detect(PCMU.carry(signal), 8000)
    assert mistakes(told, [*bursts, Burst("0")], starts, 8000) == {"missed": 1, "doubled": 0, "wrong": 0}


def test_loss_is_seeded() -> None:
    pcm = PCMU.carry(white_noise(8000, -20, 1))
    assert (lose(pcm, 0.3, "silence", 8000, 5) == lose(pcm, 0.3, "silence", 8000, 5)).all()
    assert (lose(pcm, 0.3, "silence", 8000, 5) != lose(pcm, 0.3, "silence", 8000, 6)).any()


# ---- sending ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_what_is_sent_is_heard(rate_hz: int) -> None:
    assert keys(detect(tones("0123456789*#abcd55", rate_hz, 60, 60), rate_hz)) == "0123456789*#ABCD55"


def test_lengths_and_level_of_what_is_sent() -> None:
    pcm = tones("5", 8000, 100, 80, -13)
    assert pcm.size == 1440 and not pcm[800:].any()
    assert abs(20 * np.log10(np.sqrt(np.mean(pcm[:800].astype(float) ** 2)) / 32768) + 13) < 0.1


@pytest.mark.parametrize("wrong", ["", "1 2", "x", "é"])
def test_what_is_no_key_is_not_sent(wrong: str) -> None:
    for send in (checked, info_body, lambda symbols: tones(symbols, 8000)):
        with pytest.raises(ValueError):
            send(wrong)


def test_tones_that_would_clip() -> None:
    with pytest.raises(ValueError, match="16 bits"):
        tones("1", 8000, level_dbfs=-3)


def test_info_bodies() -> None:
    assert info_body("a", 160) == b"Signal=A\r\nDuration=160\r\n"
    assert info_body("#", 160, INFO_TYPES[1]) == b"#"
    with pytest.raises(ValueError):
        info_body("12")
    with pytest.raises(ValueError):
        info_body("1", content_type="text/plain")
