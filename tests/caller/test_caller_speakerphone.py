import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from media.frame import level_dbfs
from media.g711 import encode_ulaw
from telephony.caller.codecs import PCMU
from telephony.caller.ear import Ear
from telephony.caller.rtp import RtpPacket, pack
from telephony.caller.speakerphone import EchoSettings, Speakerphone, echo_named
from telephony.caller.talker import Talker

RATE, PACKET = 8000, 160
NOISE = np.random.default_rng(1).normal(0, 3000, 50 * PACKET).astype(np.int16)


def phone(delay_ms: float = 120.0, loss_db: float = 12.0) -> Speakerphone:
    return Speakerphone(EchoSettings(delay_ms, loss_db), RATE)


def through(echo: Speakerphone, arrivals: dict[int, list[int]], ticks: int) -> np.ndarray:
    """Packets of `NOISE`, those numbered in `arrivals[tick]` heard before that tick's packet is sent."""
    sent = []
    for tick in range(ticks):
        for number in arrivals.get(tick, []):
            echo.play(NOISE[number * PACKET :][:PACKET], 9000 + number * PACKET, 1)
        sent.append(echo.take(PACKET))
    return np.concatenate(sent)


def in_time(count: int = 50) -> dict[int, list[int]]:
    return {number: [number] for number in range(count)}


def delay_of(sound: np.ndarray) -> int:
    """Where `NOISE` is loudest in `sound`, in samples."""
    spectrum = np.fft.rfft(sound, 1 << 15) * np.conj(np.fft.rfft(NOISE.astype(float), 1 << 15))
    return int(np.argmax(np.abs(np.fft.irfft(spectrum))))


@pytest.mark.parametrize(("delay_ms", "loss_db"), [(0, 0), (60, 6), (120, 12), (300, 20)])
def test_what_is_heard_comes_back_so_much_later_and_weaker(delay_ms, loss_db):
    sound = through(phone(delay_ms, loss_db), in_time(), 80)
    assert delay_of(sound) == delay_ms * RATE // 1000
    assert not sound[: delay_ms * RATE // 1000].any()
    energy_db = 10 * np.log10((sound**2).sum() / (NOISE.astype(float) ** 2).sum())
    assert energy_db == pytest.approx(-loss_db, abs=0.5)


def test_jitter_below_the_delay_and_the_order_of_packets_change_nothing():
    late = {0: [0], 1: [1], 4: [3, 2, 4], 5: [5], 9: [9, 8, 7, 6]} | {n: [n] for n in range(10, 50)}
    assert np.allclose(through(phone(), late, 70), through(phone(), in_time(), 70))


def test_a_lost_packet_is_a_gap():
    lost = in_time()
    del lost[20]
    whole, holed = through(phone(loss_db=0), in_time(), 70), through(phone(loss_db=0), lost, 70)
    at = 20 * PACKET + 960
    assert (whole != holed).nonzero()[0][0] == at
    assert level_dbfs(holed[at + 100 : at + 160].astype(np.int16)) < level_dbfs(
        whole[at + 100 : at + 160].astype(np.int16)
    ) - 4


def test_a_packet_that_is_too_late_moves_what_follows():
    late = {number + (10 if number >= 20 else 0): [number] for number in range(50)}
    sound, whole = through(phone(), late, 80), through(phone(), in_time(), 70)
    assert np.allclose(sound[: 26 * PACKET], whole[: 26 * PACKET])
    assert np.allclose(sound[40 * PACKET :], whole[30 * PACKET :])


def test_another_source_and_a_jump_of_its_timestamps_start_anew():
    for at, source in ((5_000_000, 1), (100, 1), (100, 2)):
        echo = phone(loss_db=0)
        through(echo, in_time(10), 40)
        echo.play(NOISE[:PACKET], at, source)
        sound = np.concatenate([echo.take(PACKET) for _ in range(10)])
        assert not sound[:960].any() and sound[960]


@given(some.lists(some.tuples(some.integers(-(2**40), 2**40), some.integers(0, 1), some.integers(0, 4)), max_size=30))
def test_whatever_comes_nothing_grows_without_end(packets):
    echo = phone()
    for at, source, takes in packets:
        echo.play(NOISE[:PACKET], at, source)
        assert all(echo.take(PACKET).size == PACKET for _ in range(takes))
        assert echo._coming.size <= RATE


def test_the_echo_is_in_what_is_sent_but_not_in_the_callers_speech():
    echo = phone(loss_db=6)
    hears, mouth = Ear(PCMU, frozenset({0})), Talker(PCMU, 0, 101, 20, echo)
    hears.speakerphone = echo
    said = np.arange(1, PACKET + 1, dtype=np.int16)
    mouth.say(said, at=7 * PACKET)
    packets = []
    for number in range(30):
        payload = encode_ulaw(NOISE[number * PACKET :][:PACKET])
        hears.hear(pack(RtpPacket(0, False, number, 77 + number * PACKET, 1, payload)), number * 20_000_000)
        packets.append(mouth.next_packet())
    clean = np.concatenate([p.clean for p in packets])
    mixed = np.concatenate([p.mixed for p in packets])
    assert (clean[7 * PACKET : 8 * PACKET] == said).all() and np.count_nonzero(clean) == PACKET
    assert not mixed[:960].any() and delay_of(mixed) == 960
    assert mixed.dtype == np.int16 and packets[-1].payload == encode_ulaw(packets[-1].mixed)


def test_the_sum_is_clipped_not_wrapped():
    echo = phone(0, 0)
    mouth = Talker(PCMU, 0, 101, 20, echo)
    mouth.say(np.full(PACKET, 30_000, np.int16))
    echo.play(np.full(PACKET, 32_000, np.int16), 0, 1)
    assert mouth.next_packet().mixed.min() == 32_767


@pytest.mark.parametrize(("text", "settings"), [
    ("120/12", EchoSettings(120, 12)), ("120ms/12dB", EchoSettings(120, 12)), ("0/0.5", EchoSettings(0, 0.5)),
])
def test_an_echo_as_people_write_it(text, settings):
    assert echo_named(text) == settings


@pytest.mark.parametrize(("text", "about"), [
    ("120", "MS/DB"), ("x/3", "MS/DB"), ("-1/3", "from 0 to 1000"), ("5/61", "from 0 to 60"), ("nan/3", "from 0"),
])
def test_what_is_no_echo(text, about):
    with pytest.raises(ValueError, match=about):
        echo_named(text)
