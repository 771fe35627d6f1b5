"""What each piece of evidence for the end of a turn weighs, and what silence is worth. Log-odds a unit.

Fitted on the tuning half of the turn benchmark, with priors, by

    python -m benchmarks.turns.fit_endpointing

which prints this table, from how many pauses each weight comes and how firm its prior was. `SURE` is chosen, not
fitted: it trades callers cut off for time. At 1.8 the odds that a turn is over are 6 to 1 when it is taken so, on a
corpus where four pauses in ten are not the end; in real calls most are.
"""

from __future__ import annotations

from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {
    "a pause": 0.42,
    # words and the plan's expectation, 0 or 1 (brain.endpoint_words)
    "whole answer": 5.52,
    "likely whole": 1.41,
    "lone yes or no": -0.77,
    "may go on": -0.79,
    "unfinished": -4.76,
    "sentence ends": 0.25,
    "question": 0.99,
    "small word": -1.61,
    "no words yet": -0.5,
    "no words": -0.5,
    "noise": -0.2,
    # the audio model, in log-odds
    "voice": 0.18,
    # prosody: semitones, decibels and seconds over the usual (brain.endpointing)
    "pitch falls": 0.03,
    "fades": 0.03,
    "last syllable": 0.22,
    # how long the turn has lasted, as a logarithm
    "long": 1.08,
    # the longest pause that this caller has gone on after, seconds
    "caller pauses": -1.5,
}

SURE = 1.8
"""The log-odds at which a turn is taken as over."""
SURE_OF_CLOSED = 1.5
"""The same for a yes, a no or a choice: what is said behind one costs little, because "that's right" over the next
prompt is a backchannel, and "it's Jon" after a no is the answer to what is asked next."""
PAUSE_S = 0.33
"""What is left on average of a pause inside a turn after `QUICK_S` of it: so long a silence is worth 1."""
QUICK_S = 0.2
"""The least silence."""
