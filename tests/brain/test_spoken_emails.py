"""E-mail addresses as they are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken_emails import spoken_email


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("john dot smith at example dot com", "john.smith@example.com"),
        ("John.Smith at example.com", "john.smith@example.com"),
        ("john.smith@example.com", "john.smith@example.com"),
        ("J-O-H-N at gmail.com", "john@gmail.com"),
        ("j o h n at gmail", "john@gmail.com"),
        ("It's Mary underscore Jones seven at Yahoo dot code dot UK.", "mary_jones7@yahoo.co.uk"),
        ("my email is jon, J O N, at willow-clinic dot org", "jon@willow-clinic.org"),
        ("info at willow hyphen clinic dot org, all one word", "info@willow-clinic.org"),
        ("bob double seven at outlook dot com", "bob77@outlook.com"),
        ("s as in sam m i t h at hot mail dot com", "smith@hotmail.com"),
        ("Be as in boy, a k-e-r, at hotmail.com", "baker@hotmail.com"),
        ("Anna double-seven at iCloud.com.", "anna77@icloud.com"),
        ("Alpha bravo charlie at example.com", "abc@example.com"),
        ("john smith gmail dot com", "johnsmith@gmail.com"),
        ("a.b+c@d.org.", "a.b+c@d.org"),
        ("info at example dot at", "info@example.at"),
        ("José at example dot es", "jose@example.es"),
        ("john at yahoo, no, at gmail dot com", "john@gmail.com"),
        ("smith 42 at icloud dot com, no, smith 43", "smith43@icloud.com"),
    ],
)
def test_an_address(text: str, address: str) -> None:
    found = spoken_email(text)
    assert found is not None and found.address == address and not found.open


@pytest.mark.parametrize("text", ["john", "john at", "john at gmail dot", "john at example", "a at b dot com, no"])
def test_what_must_go_on(text: str) -> None:
    found = spoken_email(text)
    assert found is not None and found.open


@pytest.mark.parametrize("text", ["", "...", "yes please"])
def test_no_address(text: str) -> None:
    found = spoken_email(text)
    assert found is None or found.address is None


def test_a_domain_without_its_end_is_a_guess() -> None:
    guess, whole = spoken_email("john at gmail"), spoken_email("john at gmail dot com")
    assert guess is not None and whole is not None and (guess.guessed, whole.guessed) == (True, False)
    assert guess.may_go_on and not whole.may_go_on


@given(
    st.from_regex(r"[a-z]{2,8}[0-9]{0,2}", fullmatch=True).filter(lambda s: s not in ("at", "dot", "dash", "plus")),
    st.sampled_from(["example.com", "gmail.com", "willow-clinic.org", "mail.example.co.uk"]),
)
def test_an_address_survives_being_spelled(local: str, domain: str) -> None:
    found = spoken_email(f"{' '.join(local)} at {domain.replace('.', ' dot ').replace('-', ' dash ')}")
    assert found is not None and found.address == f"{local}@{domain}"
