from telephony.caller.digest import Challenge, Credentials, answer, challenge_of, parameters
from telephony.caller.sip_message import Headers, Response


def challenged(value: str, status: int = 401) -> Challenge | None:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return challenge_of(Response(status, "", Headers(((name, value),))))


def test_the_example_of_rfc_2617():
    challenge = challenged(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    credentials = Credentials("Mufasa", "Circle Of Life")
    name, value = answer(challenge, credentials, "GET", "/dir/index.html", 1, "0a4f113b")
    assert name == "Authorization"
    assert parameters(value)["response"] == "6629fae49393a05397450978507c4ef1"
    assert parameters(value)["nc"] == "00000001" and parameters(value)["opaque"].startswith("5ccc")


def test_the_example_of_rfc_7616_with_sha_256():
    challenge = challenged(
        'Digest realm="http-auth@example.org", qop="auth", algorithm=SHA-256,'
        ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"', 407
    )  # fmt: skip
    name, value = answer(
        challenge, Credentials("Mufasa", "Circle of Life"), "GET", "/dir/index.html", 1,
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )  # fmt: skip
    assert name == "Proxy-Authorization"
    expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert parameters(value)["response"] == expected


def test_without_qop_there_is_no_count():
    _, value = answer(
        challenged('Digest realm="r", nonce="n"'), Credentials("a", "b"), "INVITE", "sip:x", 1, "c"
    )
    assert "qop" not in parameters(value) and "nc" not in parameters(value)


def test_what_can_not_be_answered():
    assert challenged('Basic realm="r"') is None
    assert challenged('Digest realm="r", nonce="n", algorithm=SHA-512-256') is None
    assert challenged('Digest realm="r", nonce="n", qop="auth-int"') is None
    assert challenge_of(Response(403, "Forbidden", Headers())) is None
