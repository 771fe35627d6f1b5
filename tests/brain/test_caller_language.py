"""Which language a caller speaks."""

from __future__ import annotations

import pytest

from brain.caller_language import FIRST_UTTERANCES, CallerLanguage


@pytest.mark.parametrize(
    ("utterances", "language"),
    [
        ([(1, "de", 3500)], "de"),  # one long one
        ([(1, "de", 1500)], "en"),  # one short one isn't enough
        ([(1, "de", 1500), (2, "de", 1500)], "de"),
        ([(1, "de", 1300), (1, "de", 1900), (1, "de", 2500)], "en"),  # the same one, again and again
        ([(1, "de", 1500), (2, "en", 1500), (3, "de", 1500)], "en"),
        ([(1, "de", 800), (2, "de", 900), (3, "de", 1000)], "en"),  # too short to tell
        ([(1, "fr", 4000), (2, "fr", 4000)], "en"),  # none of the plan's
        ([(1, "", 4000), (2, "", 4000)], "en"),  # not clear
        ([(1, "de", 3500), (2, "en", 3500)], "en"),  # and back
    ],
)
def test_it_takes_enough_speech(utterances: list[tuple[int, str, int]], language: str) -> None:
    caller = CallerLanguage("en", ("de",))
    changes = [caller.heard(*utterance) for utterance in utterances]
    assert caller.current == language and set(caller.others) == {"en", "de"} - {language}
    assert any(changes) == (language == "de" or len(utterances) == 2 and utterances[0][2] == 3500)


def test_only_the_first_utterances_count() -> None:
    caller = CallerLanguage("en", ("de",))
    for segment in range(FIRST_UTTERANCES):
        assert not caller.heard(segment, "en", 4000)
    assert not caller.heard(99, "de", 9000) and caller.current == "en"


def test_a_plan_of_one_language_never_changes() -> None:
    caller = CallerLanguage("en")
    assert not caller.heard(1, "de", 9000) and caller.current == "en"
