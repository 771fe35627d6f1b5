import line_signals as line
import numpy as np
import pytest

import media.silero
from media.frame import FULL_SCALE
from media.onnx import load
from media.onnx_weights import read_weights
from media.resample import resample
from media.silero_network import CONTEXT, UNITS, WINDOW, Network


def test_it_says_what_the_runtime_says_and_remembers_what_the_runtime_remembers() -> None:
    session, network = load(media.silero.weights()), Network(read_weights(media.silero.weights()))
    speech = line.recording(*line.RECORDINGS[0], seconds=4)
    audio = (resample(speech, line.RATE, 16000) / FULL_SCALE).astype(np.float32)
    h = c = np.zeros(UNITS, np.float32)
    theirs_h = theirs_c = np.zeros((1, 1, UNITS), np.float32)
    at, count, highest = CONTEXT, 0, 0.0
    while at + 8 * WINDOW < audio.size:
        count = count % 8 + 1  # windows in this run
        piece = audio[at - CONTEXT : at + count * WINDOW]
        windows = np.stack([piece[n * WINDOW :][: CONTEXT + WINDOW] for n in range(count)])
        ours, h, c = network.run(piece, h, c)
        theirs, theirs_h, theirs_c = session.run(None, {"input": windows, "h": theirs_h, "c": theirs_c})
        assert ours == pytest.approx(theirs.tolist(), abs=1e-4)
        assert np.allclose(h, theirs_h, atol=1e-4) and np.allclose(c, theirs_c, atol=1e-3)
        highest, at = max(highest, *ours), at + count * WINDOW
    assert highest > 0.9


def test_a_run_leaves_the_memory_that_it_was_given() -> None:
    network = Network(read_weights(media.silero.weights()))
    audio = np.random.default_rng(1).uniform(-1, 1, CONTEXT + 2 * WINDOW).astype(np.float32)
    h = c = np.zeros(UNITS, np.float32)
    first, later_h, later_c = network.run(audio, h, c)
    kept = later_h.copy(), later_c.copy()
    assert network.run(audio, later_h, later_c)[0] != first
    assert network.run(audio, h, c)[0] == first and not h.any() and not c.any()
    assert np.array_equal(later_h, kept[0]) and np.array_equal(later_c, kept[1])


def test_weights_of_another_model_are_refused() -> None:
    weights = read_weights(media.silero.weights())
    del weights["encoder.conv_layers.2.bias"]
    with pytest.raises(KeyError, match="conv_layers.2.bias"):
        Network(weights)
