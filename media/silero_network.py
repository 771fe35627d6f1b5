"""Silero VAD's network (v6, its 16 kHz half) in numpy, which takes less than half of what a general runtime takes.

A window of 512 samples behind 64 of context is four spectra of 256; four convolutions make 128 features of them, an
LSTM (Hochreiter and Schmidhuber, "Long short-term memory", 1997) carries what was before, and one unit says how likely
it is that somebody speaks. Runs are of one to eight windows. A runtime's convolutions multiply four columns at a time
and its twenty nodes cost more than most of the products; here places are rows, and the bias is one of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

import numpy as np

from media.onnx_weights import Floats

WINDOW = 512
CONTEXT = 64
"""Samples before a window that are a part of its first spectrum."""
UNITS = 128
"""Of the LSTM."""

_FFT, _HOP = 256, 128
_SPECTRA = 4
_BINS = _FFT // 2 + 1
_MIRRORED = 64
"""Samples that the last spectrum has behind the window: the window's last in reverse."""
_KNOWN = _FFT - _MIRRORED
_FLOAT = 4  # bytes


class Network:
    """The network with the weights of the export that faster-whisper carries. Raises KeyError for another's.

    Not for several threads at once: runs share their buffers.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        # The basis that the export transforms by is a discrete Fourier transform under this window.
        self._hann = np.ascontiguousarray(weights["encoder.feature_extractor.forward_basis_buffer"][0, 0])
        # The last two have only zeros before the first place, the last also behind it.
        taps = (slice(0, 3), slice(0, 3), slice(1, 3), slice(1, 2))
        kernels = [weights[f"encoder.conv_layers.{n}.weight"][:, :, tap] for n, tap in enumerate(taps)]
        self._layers = [
            _affine(kernel.transpose(2, 1, 0).reshape(-1, len(kernel)), weights[f"encoder.conv_layers.{n}.bias"])
            for n, kernel in enumerate(kernels)
        ]
        # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so that one tanh does for all gates: in, out, forget, cell.
        half = np.repeat(np.array((0.5, 0.5, 0.5, 1.0), np.float32), UNITS)
        seen = _affine(weights["onnx::LSTM_209"][0].T, weights["onnx::LSTM_211"].reshape(2, -1).sum(axis=0))
        self._gates = np.vstack((seen, weights["onnx::LSTM_210"][0].T)) * half
        self._says = weights["decoder.conv1d.weight"].reshape(UNITS)
        self._bias = float(weights["decoder.conv1d.bias"][0])
        self._buffers: dict[int, _Buffers] = {}

    def run(self, audio: Floats, h: Floats, c: Floats) -> tuple[list[float], Floats, Floats]:
        """How likely speech is, 0 to 1, in each window of `audio`, and the memory afterwards.

        `audio`: from -1 to 1, contiguous, CONTEXT samples and whole windows. `h`, `c`: the memory before, (UNITS,),
        zeros at first; they are left as they are.
        """
        count = (audio.size - CONTEXT) // WINDOW
        buffers = self._buffers.get(count)
        if buffers is None:
            buffers = self._buffers[count] = _Buffers(count)
        self._encode(audio, count, buffers)
        gate, sigmoids = buffers.gate, buffers.gate[: 3 * UNITS]
        for seen, said in zip(buffers.seen, buffers.said, strict=True):
            seen[-UNITS:] = h
            np.tanh(np.dot(seen, self._gates, out=gate), out=gate)
            sigmoids += 1.0
            sigmoids *= 0.5
            c = gate[2 * UNITS : 3 * UNITS] * c
            c += gate[:UNITS] * gate[3 * UNITS :]
            h = np.multiply(gate[UNITS : 2 * UNITS], np.tanh(c), out=said)
        h = h.copy()
        logits = np.dot(np.maximum(buffers.said, 0.0, out=buffers.said), self._says)
        return [1.0 / (1.0 + exp(-logit - self._bias)) for logit in logits.tolist()], h, c

    def _encode(self, audio: Floats, count: int, buffers: _Buffers) -> None:
        """The features of each window, into `buffers.seen`."""
        hann, spans = self._hann, buffers.spans
        steps = (WINDOW * _FLOAT, _HOP * _FLOAT, _FLOAT)
        np.multiply(np.ndarray((count, _SPECTRA - 1, _FFT), np.float32, audio, 0, steps), hann, out=spans[:, :-1])
        last = np.ndarray((count, _KNOWN), np.float32, audio, (_SPECTRA - 1) * _HOP * _FLOAT, steps[::2])
        np.multiply(last, hann[:_KNOWN], out=spans[:, -1, :_KNOWN])
        np.multiply(last[:, -2 : -2 - _MIRRORED : -1], hann[_KNOWN:], out=spans[:, -1, _KNOWN:])
        np.abs(np.fft.rfft(spans, axis=2), out=buffers.magnitudes)
        for layer, step in zip(self._layers, buffers.steps, strict=True):
            if step.neighbourhoods is not None:
                step.inputs[:, :, :-1] = step.neighbourhoods
            # A product for each window: for larger ones BLAS may start threads.
            np.maximum(np.matmul(step.inputs, layer, out=step.product), 0.0, out=step.product)
            step.into[...] = step.product.reshape(step.into.shape)


class _Step:
    """One convolution's buffers: a row of `inputs` for each window and place, their `product`, and where that goes.

    `neighbourhoods` is what each place sees where these overlap: it is copied to the rows first.
    """

    def __init__(self, count: int, places: int, width: int, outputs: int) -> None:
        self.inputs = np.ones((count, places, width + 1), np.float32)  # the last column is the bias's
        self.product = np.empty((count, places, outputs), np.float32)
        self.into = self.product
        self.neighbourhoods: Floats | None = None

    def sees(self, source: Floats, stride: int) -> None:
        """Three rows of `source` (windows, places and one before and behind, features) for each of our places."""
        strides = (source.strides[0], stride * source.strides[1], _FLOAT)
        shape = (*self.inputs.shape[:2], self.inputs.shape[2] - 1)
        self.neighbourhoods = np.ndarray(shape, np.float32, source, 0, strides)


class _Buffers:
    """What a run of `count` windows works in."""

    def __init__(self, count: int) -> None:
        self.spans = np.empty((count, _SPECTRA, _FFT), np.float32)
        padded = np.zeros((count, 1 + _SPECTRA + 1, _BINS), np.float32)
        hidden = np.zeros((count, 1 + _SPECTRA + 1, 128), np.float32)
        self.magnitudes = padded[:, 1:-1]
        self.seen = np.ones((count, UNITS + 1 + UNITS), np.float32)
        """By the LSTM: the features, the bias's one, and what it said last."""
        self.said = np.empty((count, UNITS), np.float32)
        self.gate = np.empty(4 * UNITS, np.float32)
        first, second = _Step(count, 4, 3 * _BINS, 128), _Step(count, 2, 3 * 128, 64)
        third, fourth = _Step(count, 1, 2 * 64, 64), _Step(count, 1, 64, UNITS)
        first.sees(padded, 1)
        second.sees(hidden, 2)
        first.into, second.into = hidden[:, 1:-1], third.inputs[:, 0, :-1]
        third.into, fourth.into = fourth.inputs[:, 0, :-1], self.seen[:, :UNITS]
        self.steps = (first, second, third, fourth)


def _affine(matrix: Floats, bias: Floats) -> Floats:
    """`matrix` with `bias` as its last row, for inputs whose last column is one."""
    return np.vstack((matrix, bias))
