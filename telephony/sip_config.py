"""`SipSettings` as pjsua2's configuration objects. The module is handed in: only sip.py imports it."""

from __future__ import annotations

from typing import Any

from telephony.transport import SipSettings, TrunkSettings

NATIVE_CALLS = 288
"""PJSUA_MAX_CALLS of our build (telephony/native/config_site.h)."""
SPARE_CALLS = 64
"""Room for calls that are over for us and not yet for pjsua."""
FALLBACK_CALLS = 4
"""PJSUA_MAX_CALLS of the PyPI wheel."""
MIN_SESSION_EXPIRES_S = 90
"""RFC 4028 section 5: the least a Session-Expires may be."""

_CODEC_IDS = {"PCMU": "PCMU/8000", "PCMA": "PCMA/8000", "G722": "G722/16000", "opus": "opus/48000"}


def max_calls(settings: SipSettings, native: bool) -> int:
    """How many calls pjsua may hold: more than the lines sold, so that refusing the next one is ours.

    Raises ValueError where the build can't hold so many lines.
    """
    if not native:
        if settings.lines > FALLBACK_CALLS:
            raise ValueError(
                f"sip.lines: {settings.lines} lines, but the pjsua2 wheel from PyPI takes "
                f"{FALLBACK_CALLS} calls; build it with `make pjsua2`"
            )
        return FALLBACK_CALLS
    wanted = settings.lines + 8 + settings.lines // 10
    if wanted > NATIVE_CALLS:
        raise ValueError(f"sip.lines: {settings.lines} lines are more than the 250 of one worker")
    # A caller who vanished leaves a BYE that pjsua waits 64*T1, 32 s, for: their calls aren't ours any more.
    return min(NATIVE_CALLS, max(wanted, 2 * settings.lines + SPARE_CALLS))


def endpoint_config(pj: Any, settings: SipSettings, calls: int, writer: Any) -> Any:
    """One polled thread for SIP, one for RTP, a clock at the lines' rate, no echo canceller or VAD."""
    config = pj.EpConfig()
    ua, media, logs = config.uaConfig, config.medConfig, config.logConfig
    ua.userAgent = settings.user_agent
    ua.maxCalls = calls
    ua.threadCnt = 0
    ua.mainThreadOnly = True
    ua.mwiUnsolicitedEnabled = False
    media.clockRate = media.sndClockRate = settings.rate_hz
    media.channelCount = 1
    media.audioFramePtime = 20
    media.ptime = 20
    media.noVad = True
    media.ecOptions = media.ecTailLen = 0
    media.quality = 4
    media.threadCnt = 1
    media.hasIoqueue = True
    media.maxMediaPorts = 2 * calls + 16
    media.sndAutoCloseTime = -1
    jitter = settings.jitter
    media.jbInit, media.jbMinPre, media.jbMaxPre = jitter.init_ms, jitter.min_ms, jitter.max_ms
    media.jbMax = jitter.hold_ms
    logs.level = 3
    logs.consoleLevel = 0
    logs.msgLogging = 0
    logs.decor = 0
    logs.writer = writer
    return config


def sip_transport_config(pj: Any, settings: SipSettings, port: int) -> Any:
    """Where SIP is listened to, under which address, with which DSCP (RFC 4594: CS3 for signalling)."""
    config = pj.TransportConfig()
    config.port = port
    config.boundAddress = _bound(settings.listen_host)
    config.publicAddress = settings.public_host
    _dscp(pj, config, settings.dscp_sip)
    return config


def account_config(pj: Any, settings: SipSettings, host: str, port: int) -> Any:
    """The one account all calls come to: the trunk's where there is one, else a local one."""
    config = pj.AccountConfig()
    trunk = settings.trunk
    if trunk:
        _trunk(pj, config, trunk, settings)
    else:
        config.idUri = f"sip:offhook@{host}:{port}"
        config.regConfig.registerOnAdd = False
    calls, media = config.callConfig, config.mediaConfig
    calls.prackUse = pj.PJSUA_100REL_NOT_USED  # used where the caller requires it (RFC 3262 section 3)
    calls.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    calls.timerMinSESec = MIN_SESSION_EXPIRES_S
    calls.timerSessExpiresSec = max(settings.session_timer_s, MIN_SESSION_EXPIRES_S)
    media.transportConfig.port = settings.rtp_port
    media.transportConfig.portRange = settings.rtp_port_range
    media.transportConfig.boundAddress = _bound(settings.listen_host)
    media.transportConfig.publicAddress = settings.public_host
    _dscp(pj, media.transportConfig, settings.dscp_rtp)
    media.srtpUse = pj.PJMEDIA_SRTP_DISABLED
    config.natConfig.iceEnabled = False
    config.natConfig.sdpNatRewriteUse = 0
    if settings.public_host:  # what the operator says beats what a registrar saw
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
    return config


def _trunk(pj: Any, config: Any, trunk: TrunkSettings, settings: SipSettings) -> None:
    registrar = _uri(trunk.registrar)
    domain = registrar.split(":", 1)[1].split(";", 1)[0]
    config.idUri = f"sip:{trunk.user}@{domain}"
    config.regConfig.registrarUri = registrar
    config.regConfig.timeoutSec = trunk.expires_s
    config.regConfig.firstRetryIntervalSec = 2
    config.regConfig.retryIntervalSec = 30
    config.regConfig.randomRetryIntervalSec = 5
    config.regConfig.dropCallsOnFail = False
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", trunk.realm, trunk.user, 0, trunk.password))
    if trunk.proxy:
        proxy = _uri(trunk.proxy)
        config.sipConfig.proxies.append(proxy if ";lr" in proxy else proxy + ";lr")


def _uri(server: str) -> str:
    return server if server.lower().startswith(("sip:", "sips:")) else f"sip:{server}"


def set_codecs(endpoint: Any, codecs: tuple[str, ...]) -> list[str]:
    """Offer and prefer `codecs` in their order and nothing else; returns those the build doesn't have."""
    wanted = [(name, _CODEC_IDS.get(name, name)) for name in codecs]
    priorities = {key.lower(): 250 - n for n, (_, key) in enumerate(wanted)}
    known = [info.codecId for info in endpoint.codecEnum2()]
    for codec in known:
        key = "/".join(codec.split("/")[:2]).lower()
        endpoint.codecSetPriority(codec, priorities.get(key, 0))
    have = {"/".join(codec.split("/")[:2]).lower() for codec in known}
    return [name for name, key in wanted if key.lower() not in have]


def response(pj: Any, status: int, retry_after_s: int = 0) -> Any:
    """What to answer an INVITE with."""
    prm = pj.CallOpParam(True)
    prm.statusCode = status
    if retry_after_s:
        header = pj.SipHeader()
        header.hName, header.hValue = "Retry-After", str(retry_after_s)
        prm.txOption.headers.append(header)
    return prm


def _bound(host: str) -> str:
    return "" if host in ("0.0.0.0", "") else host


def _dscp(pj: Any, config: Any, dscp: int) -> None:
    config.qosParams.flags = pj.PJ_QOS_PARAM_HAS_DSCP
    config.qosParams.dscp_val = dscp
