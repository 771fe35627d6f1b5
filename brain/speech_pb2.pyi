from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SttSettings(_message.Message):
    __slots__ = ("model", "language", "phrases", "others", "urgent", "noisy")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PHRASES_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    URGENT_FIELD_NUMBER: _ClassVar[int]
    NOISY_FIELD_NUMBER: _ClassVar[int]
    model: str
    language: str
    phrases: _containers.RepeatedScalarFieldContainer[str]
    others: _containers.RepeatedScalarFieldContainer[str]
    urgent: bool
    noisy: bool
    def __init__(self, model: _Optional[str] = ..., language: _Optional[str] = ..., phrases: _Optional[_Iterable[str]] = ..., others: _Optional[_Iterable[str]] = ..., urgent: _Optional[bool] = ..., noisy: _Optional[bool] = ...) -> None: ...

class TtsSettings(_message.Message):
    __slots__ = ("voice", "speed")
    VOICE_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    voice: str
    speed: float
    def __init__(self, voice: _Optional[str] = ..., speed: _Optional[float] = ...) -> None: ...

class SttRequests(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[SttRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[SttRequest, _Mapping]]] = ...) -> None: ...

class SttReplies(_message.Message):
    __slots__ = ("replies",)
    REPLIES_FIELD_NUMBER: _ClassVar[int]
    replies: _containers.RepeatedCompositeFieldContainer[SttReply]
    def __init__(self, replies: _Optional[_Iterable[_Union[SttReply, _Mapping]]] = ...) -> None: ...

class SttRequest(_message.Message):
    __slots__ = ("stream", "open", "begin", "audio", "finalize", "close")
    class Open(_message.Message):
        __slots__ = ("call", "rate_hz")
        CALL_FIELD_NUMBER: _ClassVar[int]
        RATE_HZ_FIELD_NUMBER: _ClassVar[int]
        call: str
        rate_hz: int
        def __init__(self, call: _Optional[str] = ..., rate_hz: _Optional[int] = ...) -> None: ...
    class Begin(_message.Message):
        __slots__ = ("segment", "settings")
        SEGMENT_FIELD_NUMBER: _ClassVar[int]
        SETTINGS_FIELD_NUMBER: _ClassVar[int]
        segment: int
        settings: SttSettings
        def __init__(self, segment: _Optional[int] = ..., settings: _Optional[_Union[SttSettings, _Mapping]] = ...) -> None: ...
    class Finalize(_message.Message):
        __slots__ = ("segment", "request")
        SEGMENT_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        segment: int
        request: int
        def __init__(self, segment: _Optional[int] = ..., request: _Optional[int] = ...) -> None: ...
    class Close(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    STREAM_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    FINALIZE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    stream: int
    open: SttRequest.Open
    begin: SttRequest.Begin
    audio: bytes
    finalize: SttRequest.Finalize
    close: SttRequest.Close
    def __init__(self, stream: _Optional[int] = ..., open: _Optional[_Union[SttRequest.Open, _Mapping]] = ..., begin: _Optional[_Union[SttRequest.Begin, _Mapping]] = ..., audio: _Optional[bytes] = ..., finalize: _Optional[_Union[SttRequest.Finalize, _Mapping]] = ..., close: _Optional[_Union[SttRequest.Close, _Mapping]] = ...) -> None: ...

class SttReply(_message.Message):
    __slots__ = ("stream", "partial", "final", "failed")
    class Partial(_message.Message):
        __slots__ = ("segment", "text", "stable", "audio_ms", "confidence")
        SEGMENT_FIELD_NUMBER: _ClassVar[int]
        TEXT_FIELD_NUMBER: _ClassVar[int]
        STABLE_FIELD_NUMBER: _ClassVar[int]
        AUDIO_MS_FIELD_NUMBER: _ClassVar[int]
        CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
        segment: int
        text: str
        stable: str
        audio_ms: int
        confidence: float
        def __init__(self, segment: _Optional[int] = ..., text: _Optional[str] = ..., stable: _Optional[str] = ..., audio_ms: _Optional[int] = ..., confidence: _Optional[float] = ...) -> None: ...
    class Word(_message.Message):
        __slots__ = ("text", "start_ms", "end_ms", "confidence")
        TEXT_FIELD_NUMBER: _ClassVar[int]
        START_MS_FIELD_NUMBER: _ClassVar[int]
        END_MS_FIELD_NUMBER: _ClassVar[int]
        CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
        text: str
        start_ms: int
        end_ms: int
        confidence: float
        def __init__(self, text: _Optional[str] = ..., start_ms: _Optional[int] = ..., end_ms: _Optional[int] = ..., confidence: _Optional[float] = ...) -> None: ...
    class Final(_message.Message):
        __slots__ = ("segment", "request", "text", "words", "confidence", "language", "audio_ms")
        SEGMENT_FIELD_NUMBER: _ClassVar[int]
        REQUEST_FIELD_NUMBER: _ClassVar[int]
        TEXT_FIELD_NUMBER: _ClassVar[int]
        WORDS_FIELD_NUMBER: _ClassVar[int]
        CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
        LANGUAGE_FIELD_NUMBER: _ClassVar[int]
        AUDIO_MS_FIELD_NUMBER: _ClassVar[int]
        segment: int
        request: int
        text: str
        words: _containers.RepeatedCompositeFieldContainer[SttReply.Word]
        confidence: float
        language: str
        audio_ms: int
        def __init__(self, segment: _Optional[int] = ..., request: _Optional[int] = ..., text: _Optional[str] = ..., words: _Optional[_Iterable[_Union[SttReply.Word, _Mapping]]] = ..., confidence: _Optional[float] = ..., language: _Optional[str] = ..., audio_ms: _Optional[int] = ...) -> None: ...
    class Failed(_message.Message):
        __slots__ = ("reason",)
        REASON_FIELD_NUMBER: _ClassVar[int]
        reason: str
        def __init__(self, reason: _Optional[str] = ...) -> None: ...
    STREAM_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    stream: int
    partial: SttReply.Partial
    final: SttReply.Final
    failed: SttReply.Failed
    def __init__(self, stream: _Optional[int] = ..., partial: _Optional[_Union[SttReply.Partial, _Mapping]] = ..., final: _Optional[_Union[SttReply.Final, _Mapping]] = ..., failed: _Optional[_Union[SttReply.Failed, _Mapping]] = ...) -> None: ...

class SpeakRequest(_message.Message):
    __slots__ = ("start", "clause")
    class Start(_message.Message):
        __slots__ = ("settings", "rate_hz")
        SETTINGS_FIELD_NUMBER: _ClassVar[int]
        RATE_HZ_FIELD_NUMBER: _ClassVar[int]
        settings: TtsSettings
        rate_hz: int
        def __init__(self, settings: _Optional[_Union[TtsSettings, _Mapping]] = ..., rate_hz: _Optional[int] = ...) -> None: ...
    START_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    start: SpeakRequest.Start
    clause: str
    def __init__(self, start: _Optional[_Union[SpeakRequest.Start, _Mapping]] = ..., clause: _Optional[str] = ...) -> None: ...

class SpeakReply(_message.Message):
    __slots__ = ("clause", "audio", "last")
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    clause: int
    audio: bytes
    last: bool
    def __init__(self, clause: _Optional[int] = ..., audio: _Optional[bytes] = ..., last: _Optional[bool] = ...) -> None: ...

class ScoreRequest(_message.Message):
    __slots__ = ("audio", "rate_hz")
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    audio: bytes
    rate_hz: int
    def __init__(self, audio: _Optional[bytes] = ..., rate_hz: _Optional[int] = ...) -> None: ...

class ScoreReply(_message.Message):
    __slots__ = ("complete",)
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    complete: float
    def __init__(self, complete: _Optional[float] = ...) -> None: ...

class WarmRequest(_message.Message):
    __slots__ = ("stt", "tts", "eot")
    class Eot(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    STT_FIELD_NUMBER: _ClassVar[int]
    TTS_FIELD_NUMBER: _ClassVar[int]
    EOT_FIELD_NUMBER: _ClassVar[int]
    stt: SttSettings
    tts: TtsSettings
    eot: WarmRequest.Eot
    def __init__(self, stt: _Optional[_Union[SttSettings, _Mapping]] = ..., tts: _Optional[_Union[TtsSettings, _Mapping]] = ..., eot: _Optional[_Union[WarmRequest.Eot, _Mapping]] = ...) -> None: ...

class WarmReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HealthRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HealthReply(_message.Message):
    __slots__ = ("engines", "ready", "waiting")
    class Engine(_message.Message):
        __slots__ = ("name", "warm", "failure")
        NAME_FIELD_NUMBER: _ClassVar[int]
        WARM_FIELD_NUMBER: _ClassVar[int]
        FAILURE_FIELD_NUMBER: _ClassVar[int]
        name: str
        warm: bool
        failure: str
        def __init__(self, name: _Optional[str] = ..., warm: _Optional[bool] = ..., failure: _Optional[str] = ...) -> None: ...
    class WaitingEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ENGINES_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    engines: _containers.RepeatedCompositeFieldContainer[HealthReply.Engine]
    ready: bool
    waiting: _containers.ScalarMap[str, int]
    def __init__(self, engines: _Optional[_Iterable[_Union[HealthReply.Engine, _Mapping]]] = ..., ready: _Optional[bool] = ..., waiting: _Optional[_Mapping[str, int]] = ...) -> None: ...
