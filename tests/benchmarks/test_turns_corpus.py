"""What the corpus is built from: scripts, gaps and pauses, lines, sounds, halves."""

import numpy as np
import pytest

from benchmarks.turns import overlap_corpus, voices
from benchmarks.turns.items import FRAME, RATE, Half, half_of, rng_of
from benchmarks.turns.line import Line, bed, brought_to, carried, concealed, drawn, level_of
from benchmarks.turns.memo import Memo, digest
from benchmarks.turns.scripts import parsed, scripts
from benchmarks.turns.shaping import gaps, joined, trimmed, with_pauses
from benchmarks.turns.sounds import SOUNDS


def tone(seconds, silent=False):
    t = np.arange(int(seconds * RATE)) / RATE
    return np.zeros(t.size) if silent else 8000 * np.sin(2 * np.pi * 300 * t)


def spoken():
    """0.5 s of sound, a gap of 0.1 s, 0.5 s of sound, with silence around."""
    return np.concatenate([tone(0.3, True), tone(0.5), tone(0.1, True), tone(0.5), tone(0.3, True)])


# ---- scripts ------------------------------------------------------------------------------------------------


def test_a_script_has_its_pauses_where_the_bars_stand():
    script = parsed("hesitation", "talk", "My number is,| uh,|600 five five five.")
    assert script.text == "My number is, uh, five five five."
    assert script.pauses_ms == (None, 600)
    assert 0 < script.places[0] < script.places[1] < 1


def test_a_script_without_bars_has_no_pause():
    assert parsed("yes_no", "yes_no", "Yes.").places == ()


def test_an_unknown_expectation_is_an_error():
    with pytest.raises(KeyError):
        parsed("sentence", "weather", "Hello.")


def test_the_halves_share_no_sentence_of_more_than_a_word_and_no_voice():
    texts = [{s.text for s in scripts(half)} for half in Half]
    assert {text for text in texts[0] & texts[1] if " " in text} == set()
    assert not set(voices.TUNING) & set(voices.SCORED)
    interrupting = [{s.text for s in overlap_corpus._interrupting(half)} for half in Half]
    assert {text for text in interrupting[0] & interrupting[1] if " " in text} == set()


def test_a_name_always_falls_into_the_same_half():
    names = [f"item {n}" for n in range(200)]
    scored = sum(half_of(name) is Half.SCORED for name in names)
    assert 60 < scored < 140
    assert [half_of(name) for name in names] == [half_of(name) for name in names]


# ---- pauses -------------------------------------------------------------------------------------------------


def test_the_truth_marks_are_the_first_and_the_last_sound():
    shaped = trimmed(spoken())
    assert shaped.begins == pytest.approx(0.06 * RATE, abs=RATE // 100)
    assert shaped.ends - shaped.begins == pytest.approx(1.1 * RATE, abs=2 * RATE // 100)


def test_silence_has_nothing_to_trim():
    with pytest.raises(ValueError, match="nothing sounds"):
        trimmed(tone(0.5, True))


def test_a_gap_becomes_a_pause_of_the_length_asked_for():
    shaped = trimmed(spoken())
    paused = with_pauses(shaped, (0.5,), (700,))
    (begins, ends) = paused.pauses[0]
    assert (ends - begins) / RATE == pytest.approx(0.7, abs=0.02)
    assert paused.ends - shaped.ends == pytest.approx(0.6 * RATE, abs=0.02 * RATE)


def test_a_voice_that_makes_no_gap_there_is_not_forced():
    assert with_pauses(trimmed(tone(1.0)), (0.5,), (700,)) is None


def test_words_are_joined_with_the_pauses_between_them():
    words = [trimmed(np.concatenate([tone(0.1, True), tone(0.3)])) for _ in range(3)]
    line = joined(words, [80, 500])
    assert len(line.pauses) == 1
    assert (line.pauses[0][1] - line.pauses[0][0]) / RATE == pytest.approx(0.5)
    assert [round((b - a) / RATE, 1) for a, b in gaps(line.signal)] == [0.1, 0.5]


# ---- the line -----------------------------------------------------------------------------------------------


def test_speech_is_brought_to_its_level():
    assert level_of(brought_to(spoken(), -26.0)) == pytest.approx(-26.0, abs=0.2)


def test_a_lines_noise_lies_under_the_speech_by_its_snr():
    noise = bed(Line(-20.0, "white", 10.0, "u", 0.0), 2 * RATE, rng_of("a"))
    assert 20 * np.log10(np.sqrt(np.mean(noise**2)) / 32768) == pytest.approx(-30.0, abs=0.5)


def test_the_same_name_draws_the_same_line_and_noise():
    first, again = (drawn(rng_of("x")) for _ in range(2))
    assert first == again
    heard = [carried(first, bed(first, RATE, rng_of("y")), rng_of("z")) for _ in range(2)]
    assert np.array_equal(*heard)


def test_lost_frames_are_made_up_and_the_others_stay():
    audio = np.clip(tone(0.4), -32768, 32767).astype(np.int16)
    lost = np.zeros(audio.size // FRAME, bool)
    lost[8] = True
    heard = concealed(audio, lost)
    assert heard.size == audio.size
    assert np.array_equal(heard[: 8 * FRAME], audio[: 8 * FRAME])
    assert np.abs(heard[8 * FRAME : 9 * FRAME]).max() > 1000  # made up, not silence
    assert np.array_equal(heard[10 * FRAME :], audio[10 * FRAME :])


@pytest.mark.parametrize("kind", SOUNDS)
def test_a_sound_is_audible_short_and_as_different_as_its_seed(kind):
    one, other = SOUNDS[kind](rng_of("1")), SOUNDS[kind](rng_of("2"))
    assert np.array_equal(one, SOUNDS[kind](rng_of("1")))
    assert one.size != other.size or not np.allclose(one, other)
    assert RATE // 10 < one.size < 5 * RATE
    assert 1000 < np.abs(one).max() and np.isfinite(one).all()


# ---- the memo -----------------------------------------------------------------------------------------------


def test_what_was_computed_is_not_computed_again(tmp_path):
    memo = Memo(tmp_path / "memo.sqlite")
    assert [memo.get("a", lambda: [1, "x"]) for _ in range(2)] == [[1, "x"]] * 2
    assert memo.made == 1
    later = Memo(tmp_path / "memo.sqlite")
    assert later.get("a", lambda: pytest.fail("it is known")) == [1, "x"]
    assert later.made == 0


def test_keys_tell_lists_of_parts_apart():
    assert digest("ab", "c") != digest("a", "bc")
