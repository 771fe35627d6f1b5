"""What was said in a call so far, as both sides heard it.

Pure. A bot's turn that was interrupted holds only what the caller heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from brain.engines import Message

CUT_MARK = "—"
"""Ends a turn of the bot's that was interrupted."""

MAX_CHARS_A_TURN = 600
"""More of one turn never reaches the language model: its beginning and its end do."""


class Speaker(Enum):
    CALLER = "caller"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Turn:
    """One side's turn. `utterance` numbers the bot's utterances and is None for the caller.

    `aside`: said over the bot, which went on. The model sees it before the caller's next words.
    """

    speaker: Speaker
    text: str
    utterance: int | None = None
    cut: bool = False
    aside: bool = False


Wrap = Callable[[str], str]


def _plain(text: str) -> str:
    return text


class Conversation:
    """A call's history. `budget` turns reach the model; beyond it, `block` of the oldest go at once.

    Turns go in blocks because each removal changes the prompt behind the system prompt, and the model
    must then read all of the rest again: rarely a second is better than a fifth of one on every turn.
    """

    def __init__(self, budget: int = 16, block: int = 8) -> None:
        if not 0 < block <= budget:
            raise ValueError(f"block must be between 1 and the budget {budget}, got {block}")
        self._budget = budget
        self._block = block
        self._turns: list[Turn] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was said."""
        return tuple(self._turns)

    @property
    def caller_turns(self) -> int:
        """How often the caller spoke, without asides."""
        return sum(turn.speaker is Speaker.CALLER and not turn.aside for turn in self._turns)

    def caller_said(self, text: str) -> None:
        """Add a caller's turn."""
        self._turns.append(Turn(Speaker.CALLER, text))

    def caller_said_aside(self, text: str) -> None:
        """Add what the caller said over the bot's newest turn without stopping it."""
        self._turns.append(Turn(Speaker.CALLER, text, aside=True))

    def bot_said(self, utterance: int, text: str) -> None:
        """Add what the bot says under `utterance`; called again, it takes the place of that turn's text."""
        turn = Turn(Speaker.BOT, text, utterance)
        index = self._find(utterance)
        if index is None:
            self._turns.append(turn)
        else:
            self._turns[index] = turn

    def ahead(self, text: str) -> Conversation:
        """A copy in which the bot has said `text` as well."""
        copy = Conversation(self._budget, self._block)
        copy._turns = [*self._turns, Turn(Speaker.BOT, text)]
        return copy

    def cut(self, utterance: int, heard_text: str) -> None:
        """The caller heard only `heard_text` of `utterance`; with nothing heard the turn is gone.

        Raises KeyError for an utterance that was never said.
        """
        index = self._find(utterance)
        if index is None:
            raise KeyError(utterance)
        heard = heard_text.strip()
        if heard:
            self._turns[index] = replace(self._turns[index], text=f"{heard} {CUT_MARK}", cut=True)
        else:
            del self._turns[index]

    def messages(
        self,
        prefix: Sequence[Message],
        caller: Wrap = _plain,
        bot: Wrap = _plain,
        asking: str | None = None,
    ) -> list[Message]:
        """`prefix`, then the newest turns within the budget as alternating messages.

        caller, bot: how a side's words are written for the model. asking: the words to answer now, which
        come last. Neighbouring turns of one side become one message, and the first after the prefix is always the
        caller's.
        """
        turns = self._recent()
        if asking is not None:
            turns.append(Turn(Speaker.CALLER, asking))
        merged: list[Turn] = []
        for turn in turns:
            if merged and merged[-1].speaker is turn.speaker:
                merged[-1] = replace(merged[-1], text=f"{merged[-1].text} {turn.text}")
            elif merged or turn.speaker is Speaker.CALLER:
                merged.append(turn)
        messages = list(prefix)
        for turn in merged:
            text = _shortened(turn.text)
            if turn.speaker is Speaker.CALLER:
                messages.append(Message("user", caller(text)))
            else:
                messages.append(Message("assistant", bot(text)))
        return messages

    def _recent(self) -> list[Turn]:
        over = len(self._turns) - self._budget
        blocks = -(-over // self._block) if over > 0 else 0
        return self._turns[blocks * self._block :]

    def _find(self, utterance: int) -> int | None:
        for index in range(len(self._turns) - 1, -1, -1):
            if self._turns[index].utterance == utterance:
                return index
        return None


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= MAX_CHARS_A_TURN:
        return text
    half = MAX_CHARS_A_TURN // 2
    return f"{text[:half].rsplit(' ', 1)[0]} ... {text[-half:].split(' ', 1)[-1]}"
