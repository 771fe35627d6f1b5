"""What the synthetic callers say, by half and kind. No sentence is in both halves.

`|` behind a mark is a pause inside the turn, of 0.3 to 0.9 s by the item's seed; `|700` says how long. The word
before `:` is what the plan expects (`EXPECTS`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.turns.items import Half
from brain.expect import Expect, Kind

EXPECTS: dict[str, Expect] = {
    "talk": Expect(Kind.TALK),
    "text": Expect(Kind.TEXT),
    "yes_no": Expect(Kind.YES_NO),
    "name": Expect(Kind.NAME),
    "phone": Expect(Kind.DIGITS, min_digits=6, max_digits=15, usual_digits=(7, 10, 11)),
    "code": Expect(Kind.DIGITS, min_digits=4, max_digits=4),
    "account": Expect(Kind.DIGITS, min_digits=5, max_digits=12),
}
SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 300, 900
_PAUSE = re.compile(r"\|(\d*)\s*")

_TUNING = """
sentence
talk: I'd like to make an appointment for next week.
talk: I need to cancel my booking.
talk: Somebody told me to call this number.
text: The heating in my flat has stopped working.
talk: I'm calling about the bill you sent me.
text: It's a blue car with a broken window.
question
talk: What time do you close on Saturdays?
talk: Can I bring my dog?
talk: Which bus goes to the clinic?
talk: Is the doctor in today?
talk: How much does a new key cost?
talk: Who am I speaking with?
yes_no
yes_no: Yes.
yes_no: No.
yes_no: Yes, please.
yes_no: No, thank you.
yes_no: Yes,|350 that's right.
yes_no: No,|400 it's the other one.
yes_no: Yeah, sure.
yes_no: I think so, yes.
digits in groups
phone: five five five,| one two three four.
phone: two oh seven,| nine four six,| one eight eight three.
phone: six one two,| four four,| nine nine.
account: seven three,| two nine,| four one.
account: eight eight one,|800 three five nine.
code: four two seven one.
code: nine,| one,| six,| zero.
phone: three one four, two seven one eight.
spelled name
name: S,| M,| I,| T,| H.
name: B, R, O,| W, N.
name: Miller,| M, I, double L,| E, R.
name: My name is Shaw,| S, H,| A, W.
name: John Carter.
name: Peter, Peter Walsh.
date
text: The fourteenth of March,| nineteen eighty two.
text: Monday,| the third of June.
text: July the first.
talk: On Thursday,| at about half past ten.
hesitation
talk: My number is,| uh,| five five five, one two seven nine.
talk: I'd like to,| um,| change my appointment.
talk: It's about,| let me see,| the order from last Tuesday.
talk: The thing is, uh,|800 I don't have the letter here.
name: Uh,|600 it's Laura Wilson.
text: Well,|700 I'm not quite sure.
trailing and
talk: I'd like a table for two, and,|700 a chair for the baby.
talk: I want to pay the bill, and,| ask for a copy.
talk: We need eggs, and milk, and,|800 a loaf of bread.
talk: I called yesterday, but,| nobody answered.
talk: I can't come on Friday, because,|600 my daughter is ill.
false start
talk: I want,|400 I wanted to ask about the parking.
talk: Do you,|350 can you tell me where you are?
talk: My,|500 my wife has lost her card.
talk: The,|450 the package never came.
self-correction
talk: Can I come on Tuesday,|400 no, on Wednesday?
phone: five five six, sorry,|400 five five five, one two three four.
talk: It's for Mister Brown,| I mean, Mister Braun.
talk: At four,|500 or rather, at five.
long answer with pauses
talk: I was there last week,| and the lady at the desk told me to bring the form,| but I can't find it anywhere.
talk: First I turned it off,| then I waited for a minute,| and when I turned it on, the light was red.
text: There is a leak under the sink,| it began on Sunday,| and now the whole floor is wet.
talk: We moved here in spring,| so the old address is wrong,|900 but the telephone number is the same.
talk: If you have anything in the morning,|700 that would be best for me.
"""

_SCORED = """
sentence
talk: I would like to speak with someone about my order.
talk: My internet connection is very slow.
talk: I want to book a room for two nights.
text: The door doesn't lock any more.
talk: I got a letter from you this morning.
text: It is a white house next to the church.
question
talk: When does the next train leave?
talk: Do you deliver on Sundays?
talk: Where can I park my car?
talk: Are there any tickets left?
talk: What does the small one cost?
talk: Could you repeat that?
yes_no
yes_no: Yes.
yes_no: No.
yes_no: Yes, that is correct.
yes_no: No, not really.
yes_no: Yes,|400 but only in the morning.
yes_no: No,|350 that's wrong.
yes_no: Yep, fine.
yes_no: I don't think so, no.
digits in groups
phone: four one five,| two six seven one.
phone: six four six,| three oh two,| seven seven one nine.
phone: nine three two,| eight one,| five five.
account: two four,| six six,| one nine.
account: five oh three,|800 one one seven.
code: eight three five two.
code: one,| seven,| seven,| four.
phone: two two eight, nine oh four three.
spelled name
name: J,| O,| N,| E,| S.
name: C, L, A,| R, K.
name: Taylor,| T, A, Y,| L, O, R.
name: The name is Quinn,| Q, U,| I, double N.
name: Susan Parker.
name: Doctor, Doctor Evans.
date
text: The second of October,| nineteen ninety one.
text: Friday,| the twelfth of May.
text: August the ninth.
talk: On Monday,| some time after four.
hesitation
talk: The address is,| uh,| twenty one Garden Street.
talk: I wanted to,| um,| ask about my refund.
talk: My account number,| hang on,| is three eight four, six one six.
talk: The problem is, um,|800 I lost the receipt.
name: Um,|600 my name is David Porter.
text: Hmm,|700 I would have to look that up.
trailing and
talk: I'd like the red one, and,|700 two of the small ones.
talk: I need to change my address, and,| close the old account.
talk: There were cups, and plates, and,|800 a big blue bowl.
talk: I tried the website, but,| it doesn't work.
talk: We have to move the meeting, because,|600 the boss is away.
false start
talk: I need,|400 I needed to know when you open.
talk: Is there,|350 are there any seats by the window?
talk: Our,|500 our order was wrong again.
talk: The,|450 the machine makes a strange noise.
self-correction
talk: Could you make it at nine,|400 no wait, at ten?
phone: seven two one, no,|400 seven two two, eight four three one.
talk: I live in Bridge Road,| sorry, Bridge Street.
talk: Three people,|500 or rather, four.
long answer with pauses
talk: I bought it in the spring,| and it worked well until last month,| but now it doesn't start any more.
talk: I went to the office,| they sent me to another building,| and there they told me to call you.
text: The bag is black,| it has two pockets,| and there is a name on the inside.
talk: My mother is eighty one,| she can't walk so well,|900 so we need a room on the ground floor.
talk: If it isn't too much trouble,|700 I'd rather have the blue one.
"""


@dataclass(frozen=True, slots=True)
class Script:
    """One thing to say: `places` are where its pauses stand in the text, 0 to 1; None in `pauses_ms` is any."""

    kind: str
    expects: str
    text: str
    places: tuple[float, ...]
    pauses_ms: tuple[int | None, ...]


def scripts(half: Half) -> list[Script]:
    """All of a half."""
    found, kind = [], ""
    for line in (_TUNING if half is Half.TUNING else _SCORED).strip().splitlines():
        head, mark, rest = line.partition(": ")
        if not mark:
            kind = line
            continue
        found.append(parsed(kind, head, rest))
    return found


def parsed(kind: str, expects: str, line: str) -> Script:
    """A line of the table. Raises KeyError where `expects` is unknown."""
    text, ends, pauses = "", [], []
    for number, piece in enumerate(_PAUSE.split(line)):
        if number % 2:
            ends.append(_spoken_length(text))
            pauses.append(int(piece) if piece else None)
            text += " "
        else:
            text += piece
    whole = _spoken_length(text)
    assert EXPECTS[expects]
    return Script(kind, expects, text, tuple(end / whole for end in ends), tuple(pauses))


def _spoken_length(text: str) -> float:
    """About how long it takes to say: a letter by itself takes as long as a short word, a mark has its pause."""
    letters = sum(len(word) + 1 if len(word) > 1 else 4 for word in re.findall(r"[\w']+", text))
    return letters + 3 * len(re.findall(r"[,.;?!]", text))
