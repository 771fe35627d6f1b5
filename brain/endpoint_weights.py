"""The weights of the evidence for the end of a turn: log-odds a unit, and what silence is worth.

Those of words and answers are set by hand, until they are fitted.
"""

from __future__ import annotations

from collections.abc import Mapping

from brain.expect import Kind

WEIGHTS: Mapping[str, float] = {
    # words, 0 or 1 (brain.endpoint_words)
    "whole answer": 6.0,
    "likely whole": 1.3,
    "may go on": -1.7,
    "unfinished": -12.0,
    "sentence ends": 1.0,
    "one word": -0.6,
    "no words yet": -1.5,
    "no words": 0.0,
    "noise": 12.0,
    # the audio model, in log-odds
    "voice": 0.8,
    # prosody: semitones, decibels, seconds over the usual (brain.endpointing)
    "pitch falls": 0.1,
    "fades": 0.03,
    "drawn out": -1.0,
    # this caller: seconds
    "caller pauses": -4.2,
}

BASE: Mapping[Kind, float] = {}
"""How likely any pause is the end of such an answer, before anything is known of it; 0 where none is given."""

SURE = 3.0
"""The odds, as a logarithm, at which a turn is taken as over: 20 to 1."""
PAUSE_S = 0.15
"""Mean of what is left of a pause inside a turn, after `QUICK_S` of it: so long a silence is worth a log-odd of 1."""
QUICK_S = 0.2
"""The least silence."""
