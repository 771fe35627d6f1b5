"""Reads a call script (YAML) and says exactly what is wrong with it: file, line, and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

import yaml

from telephony.caller import script
from telephony.caller.bad_line import SETTINGS, LinePair, LineSettings, setting
from telephony.caller.call import DigitMethod
from telephony.caller.digits import checked
from telephony.caller.script import Script, Sound, Step
from telephony.caller.speakerphone import EchoSettings

MAX_STEPS = 10_000
_METHODS: tuple[DigitMethod, ...] = ("rfc4733", "info", "info-dtmf", "inband")
_WAITS: tuple[Literal["bot", "bot_starts", "hangup"], ...] = ("bot", "bot_starts", "hangup")
Number = TypeVar("Number", int, float)
Choice = TypeVar("Choice", bound=str)


class ScriptError(ValueError):
    """A script that can't be used; the text begins with file:line."""


def load(path: Path) -> Script:
    """The script in `path`; sounds are looked up beside it. Raises ScriptError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Script:
    """The script in `text`; `path` is its name in errors and where its sounds are. Raises ScriptError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScriptError(f"{path}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScriptError(f"{path}:1: {error}") from error
    if root is None:
        raise ScriptError(f"{path}:1: the script is empty")
    return _Reader(path).script(root)


class _Fields:
    """A mapping whose keys are taken one by one; what is left over is an error."""

    def __init__(self, reader: _Reader, node: yaml.Node, what: str) -> None:
        self.reader, self.node, self.what = reader, node, what
        self._known: list[str] = []
        self._values: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            reader.fail(node, f"{what} must be a mapping")
        for key, value in node.value:
            if key.value in self._values:
                reader.fail(key, f"{key.value!r} stands here twice")
            self._values[key.value] = value

    def node_of(self, key: str) -> yaml.Node | None:
        self._known.append(key)
        return self._values.pop(key, None)

    def text(self, key: str, default: str | None = None) -> str:
        node = self.node_of(key)
        if node is None:
            if default is None:
                self.reader.fail(self.node, f"{self.what} needs {key!r}")
            return default
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.reader.fail(node, f"{key!r} must be text")
        return str(node.value)

    def one_of(self, key: str, allowed: tuple[Choice, ...], default: Choice | None = None) -> Choice:
        node = self._values.get(key)
        value = self.text(key, default)
        for choice in allowed:
            if value == choice:
                return choice
        self.reader.fail(node or self.node, f"{key!r} is {value!r}; possible: {', '.join(allowed)}")

    def number(
        self, key: str, default: Number | None, low: Number, high: Number, kind: Callable[[str], Number]
    ) -> Number:
        node = self.node_of(key)
        if node is None:
            if default is None:
                self.reader.fail(self.node, f"{self.what} needs {key!r}")
            return default
        try:
            value = kind(node.value)
        except (TypeError, ValueError):
            self.reader.fail(node, f"{key!r} must be a number")
        if not low <= value <= high:
            self.reader.fail(node, f"{key!r} is {value:g}; it must be from {low:g} to {high:g}")
        return value

    def seconds(self, key: str, default: float | None, high: float = 3600.0) -> float:
        return self.number(key, default, 0.0, high, float)

    def silence(self) -> float:
        return self.number("silence_ms", script.DEFAULT_SILENCE_MS, 40.0, 60_000.0, float)

    def done(self) -> None:
        for key, node in self._values.items():
            self.reader.fail(node, f"{self.what} has no {key!r}; it has: {', '.join(self._known)}")


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._voice = script.DEFAULT_VOICE

    def fail(self, node: yaml.Node, message: str) -> NoReturn:
        raise ScriptError(f"{self._path}:{node.start_mark.line + 1}: {message}")

    def script(self, root: yaml.Node) -> Script:
        fields = _Fields(self, root, "a script")
        name = fields.text("name", self._path.stem)
        self._voice = fields.text("voice", script.DEFAULT_VOICE)
        noise = fields.node_of("noise_dbfs")
        line, echo = fields.node_of("line"), fields.node_of("echo")
        steps = fields.node_of("steps")
        fields.done()
        if steps is None:
            self.fail(root, "a script needs 'steps'")
        level = None if noise is None else self.dbfs(noise)
        return Script(
            name, self.steps(steps), level,
            self.line(line) if line and line.value else None, self.echo(echo) if echo and echo.value else None,
        )  # fmt: skip

    def echo(self, node: yaml.Node) -> EchoSettings:
        """What the caller's phone returns of what it hears."""
        fields = _Fields(self, node, "echo")
        delay_ms = fields.number("delay_ms", None, 0.0, 1000.0, float)
        loss_db = fields.number("loss_db", None, 0.0, 60.0, float)
        fields.done()
        return EchoSettings(delay_ms, loss_db)

    def line(self, node: yaml.Node) -> LinePair:
        """What becomes of packets: settings for both directions, and `sent`, `received` for one."""
        fields = _Fields(self, node, "line")
        both = self.line_settings(fields)
        seed = fields.number("seed", 0, 0, 2**32 - 1, int)
        ways: list[LineSettings] = []
        for way in ("sent", "received"):
            own: dict[str, float] = {}
            if (way_node := fields.node_of(way)) is not None:
                way_fields = _Fields(self, way_node, way)
                own = self.line_settings(way_fields)
                way_fields.done()
            ways.append(LineSettings(**(both | own)))
        fields.done()
        sent, received = ways
        return LinePair(sent, received, seed)

    def line_settings(self, fields: _Fields) -> dict[str, float]:
        """Those that are given."""
        given = {}
        for name in SETTINGS:
            if (node := fields.node_of(name)) is not None:
                try:
                    given[name] = setting(name, node.value if isinstance(node, yaml.ScalarNode) else "a list")
                except ValueError as error:
                    self.fail(node, str(error))
        return given

    def steps(self, node: yaml.Node) -> tuple[Step, ...]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.fail(node, "'steps' must be a list with at least one step")
        if len(node.value) > MAX_STEPS:
            self.fail(node, f"more than {MAX_STEPS} steps")
        return tuple(self.step(item) for item in node.value)

    def step(self, node: yaml.Node) -> Step:
        if isinstance(node, yaml.ScalarNode) and node.value in _BARE:
            node = _mapping(node, [(node, _scalar(node, ""))])
        if not isinstance(node, yaml.MappingNode) or not node.value:
            self.fail(node, f"not a step; a step is one of: {', '.join(_STEPS)}")
        (key, value), *more = node.value
        read = _STEPS.get(key.value)
        if read is None:
            self.fail(key, f"unknown step {key.value!r}; a step is one of: {', '.join(_STEPS)}")
        fields = _Fields(self, self._settings(key, value, more), key.value)
        step = read(self, fields, int(key.start_mark.line) + 1)
        fields.done()
        return step

    def _settings(
        self, key: yaml.Node, value: yaml.Node, more: list[tuple[yaml.Node, yaml.Node]]
    ) -> yaml.MappingNode:
        """`press: "12#"` is short for `press: {digits: "12#"}`, and may have its settings beside it."""
        if isinstance(value, yaml.MappingNode):
            if more:
                names = f"{key.value!r}, {more[0][0].value!r}"
                self.fail(more[0][0], f"a step has one name; this one has {names}")
            return value
        if not value.value and key.value in _BARE:
            return _mapping(key, more)
        main = _MAIN.get(key.value)
        if main is None:
            self.fail(value, f"{key.value} must be a mapping")
        return _mapping(key, [(_scalar(key, main), value), *more])

    def sound(self, fields: _Fields) -> Sound:
        node = fields.node_of("say")
        text, file = fields.text("text", ""), fields.text("file", "")
        voice = fields.text("voice", self._voice)
        if node is not None:
            if not isinstance(node, yaml.ScalarNode) or text or file:
                self.fail(node, f"{fields.what} needs one text or one file")
            text, file = ("", node.value) if node.value.endswith(".wav") else (node.value, "")
        if bool(text.strip()) == bool(file):
            self.fail(fields.node, f"{fields.what} needs either 'text' or 'file'")
        if not file:
            return Sound(text=" ".join(text.split()), voice=voice)
        path = self._path.parent / Path(file).expanduser()
        if not path.is_file():
            self.fail(node or fields.node, f"no sound file {path}")
        return Sound(file=path)

    def dbfs(self, node: yaml.Node) -> float | None:
        if node.value in ("off", "none"):
            return None
        try:
            level = float(node.value)
        except (TypeError, ValueError):
            level = 0.0
        if not -100 <= level <= -10:
            self.fail(node, "noise is a level in dBFS from -100 to -10, or 'off'")
        return level

    # ---- one method a step --------------------------------------------------------------------------------

    def wait_for(self, fields: _Fields, line: int) -> Step:
        what = fields.one_of("what", _WAITS)
        return script.WaitFor(
            line, what, fields.silence(), fields.seconds("within_s", script.DEFAULT_WITHIN_S)
        )

    def say(self, fields: _Fields, line: int) -> Step:
        return script.Say(line, self.sound(fields))

    def say_over(self, fields: _Fields, line: int) -> Step:
        after = fields.number("after_ms", None, 0.0, 600_000.0, float)
        within = fields.seconds("within_s", script.DEFAULT_WITHIN_S)
        return script.SayOver(line, self.sound(fields), after, within)

    def press(self, fields: _Fields, line: int) -> Step:
        digits = fields.text("digits")
        try:
            digits = checked(digits)
        except ValueError as error:
            self.fail(fields.node, str(error))
        method = fields.one_of("method", _METHODS, "rfc4733")
        tone = fields.number("tone_ms", 100, 20, 8000, int)
        return script.PressKeys(line, digits, method, tone, fields.number("gap_ms", 80, 0, 60_000, int))

    def silence(self, fields: _Fields, line: int) -> Step:
        return script.Silence(line, fields.seconds("seconds", None))

    def noise(self, fields: _Fields, line: int) -> Step:
        node = fields.node_of("dbfs")
        if node is None:
            self.fail(fields.node, "noise needs 'dbfs'")
        return script.Noise(line, self.dbfs(node))

    def hold(self, fields: _Fields, line: int) -> Step:
        return script.Hold(line, fields.seconds("seconds", None))

    def reinvite(self, fields: _Fields, line: int) -> Step:
        return script.Reinvite(line, fields.one_of("offer", ("yes", "no"), "yes") == "yes")

    def hangup(self, fields: _Fields, line: int) -> Step:
        return script.Hangup(line)

    def expect(self, fields: _Fields, line: int) -> Step:
        node = fields.node_of("contains")
        items = node.value if isinstance(node, yaml.SequenceNode) else [node] if node else []
        words = tuple(str(item.value) for item in items if isinstance(item, yaml.ScalarNode) and item.value)
        if not words or len(words) != len(items):
            self.fail(node or fields.node, "'contains' must be a text or a list of texts")
        within = fields.seconds("within_s", script.DEFAULT_WITHIN_S)
        return script.Expect(line, words, within, fields.silence())

    def repeat(self, fields: _Fields, line: int) -> Step:
        times = fields.number("times", None, 1, 1000, int)
        return script.Repeat(line, times, self.steps(fields.node_of("steps") or fields.node))


_STEPS: dict[str, Callable[[_Reader, _Fields, int], Step]] = {
    "wait_for": _Reader.wait_for,
    "say": _Reader.say,
    "say_over": _Reader.say_over,
    "press": _Reader.press,
    "silence": _Reader.silence,
    "noise": _Reader.noise,
    "hold": _Reader.hold,
    "reinvite": _Reader.reinvite,
    "hangup": _Reader.hangup,
    "expect": _Reader.expect,
    "repeat": _Reader.repeat,
}
_MAIN = {
    "wait_for": "what", "say": "say", "say_over": "say", "press": "digits", "silence": "seconds",
    "noise": "dbfs", "hold": "seconds", "expect": "contains", "repeat": "times",
}  # fmt: skip
_BARE = ("reinvite", "hangup")


def _mapping(at: yaml.Node, items: list[tuple[yaml.Node, yaml.Node]]) -> yaml.MappingNode:
    return yaml.MappingNode("tag:yaml.org,2002:map", items, at.start_mark, at.end_mark)


def _scalar(at: yaml.Node, value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, at.start_mark, at.end_mark)
