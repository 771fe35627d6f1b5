"""Callers who speak another language than the plan's."""

from __future__ import annotations

from pathlib import Path

from plans import plan, problems

from brain.expect import Expect, Interruptible
from dialplans.call import AgentOutcome, Heard, Said
from dialplans.fake_call import ScriptedCall, journey

TWO = """
    voice: hibari
    languages: {de: {voice: "espeak:de", goto: german}}
    steps:
      start:
        - gather: {slot: what, prompt: "What is it about?", by: voice}
        - say: "You said {what}."
      german:
        - gather: {slot: what, prompt: "Worum geht es?", by: voice}
        - say: "Danke."
"""


class Speaks(ScriptedCall):
    """A call whose caller is found to speak `language` once so many questions were asked."""

    speaks, after = "de", 1

    async def ask(
        self, prompt: str, expect: Expect, interruptible: Interruptible = Interruptible.SPEECH
    ) -> Heard:
        heard = await super().ask(prompt, expect, interruptible)
        if len(self.asked) == self.after:
            self.language = self.speaks
        return heard


async def test_recogniser_voice_and_words_change(tmp_path: Path) -> None:
    two = plan(tmp_path, TWO)
    call = Speaks(("What is it", Said("guten Tag, ich habe eine Frage", 0.5)), ("Worum", Said("die Rechnung", 0.9)))
    await journey(two, call)
    assert call.said[-1] == "Danke." and call.notes == {"what": "die Rechnung"}
    assert call.stt is not None and (call.stt.language, call.stt.others) == ("de", ("en",))
    assert call.tts is not None and call.tts.voice == "espeak:de"
    assert two.stt.others == ("de",) and two.tts.voice == "hibari"


async def test_without_another_language_nothing_changes(tmp_path: Path) -> None:
    call = ScriptedCall(Said("a bill", 0.9))
    await journey(plan(tmp_path, TWO), call)
    assert call.said[-1] == "You said a bill." and call.tts is not None and call.tts.voice == "hibari"


async def test_an_agent_is_left_too(tmp_path: Path) -> None:
    text = TWO.replace(
        '- gather: {slot: what, prompt: "What is it about?", by: voice}\n        - say: "You said {what}."',
        "- agent: {prompt: You help., exits: {bye: {when: to go, goto: start}}}",
    )

    class Talks(ScriptedCall):
        async def converse(self, spec: object) -> AgentOutcome:
            outcome = await super().converse(spec)  # type: ignore[arg-type]
            self.language = "de"
            return outcome

    call = Talks(AgentOutcome("language", 1), ("Worum", Said("ja", 0.9)))
    await journey(plan(tmp_path, text), call)
    assert call.said == ["Worum geht es?", "Danke."]


def test_each_voice_renders_its_own_words(tmp_path: Path) -> None:
    two = plan(tmp_path, TWO)
    assert set(two.voices) == {"en", "de"}
    assert "What is it about?" in two.fixed_texts() and "Worum geht es?" not in two.fixed_texts()
    assert "Worum geht es?" in two.fixed_texts("de") and "What is it about?" not in two.fixed_texts("de")


def test_mistakes_are_found(tmp_path: Path) -> None:
    text = """
        stt: tiny.en
        languages:
          en: {voice: hibari, goto: start}
          de: {voice: hans, goto: german}
          fr: {voice: fr.onnx, goto: start}
        steps: [{say: Hello.}]
    """
    assert problems(tmp_path, text) == [
        "2: languages: tiny.en knows English only; use stt: base",
        "3: languages.en: is the plan's own language",
        '4: languages.de.voice: unknown voice "hans"; there are hibari, joe',
        '4: languages.de.goto: no step "german"; there are start',
        f"5: languages.fr.voice: no such file: {tmp_path / 'fr.onnx'}",
    ]


def test_the_plan_in_the_documentation_is_right(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "recognition.md").read_text(encoding="utf-8")
    assert set(plan(tmp_path, text.split("```yaml\n")[1].split("```")[0]).voices) == {"en", "de"}
