"""Amounts of money as they are said and written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken_money import money


def amounts(text: str) -> list[str]:
    return [f"{found.amount:.2f} {found.currency}".strip() for found in money(text)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("forty dollars and fifty cents", "40.50 USD"),
        ("$40.50", "40.50 USD"),
        ("$5 and 50 cents", "5.50 USD"),
        ("forty dollars and five cents", "40.05 USD"),
        ("a hundred and twenty euros", "120.00 EUR"),
        ("120 euros.", "120.00 EUR"),
        ("about 200 pounds", "200.00 GBP"),
        ("19 pounds 95", "19.95 GBP"),
        ("five pounds fifty pence", "5.50 GBP"),
        ("$3,450.", "3450.00 USD"),
        ("three thousand four hundred and fifty dollars", "3450.00 USD"),
        ("two and a half thousand dollars", "2500.00 USD"),
        ("3.5 million dollars", "3500000.00 USD"),
        ("twelve ninety nine", "12.99"),
        ("fifty cents", "0.50"),
        ("twenty US dollars", "20.00 USD"),
        ("12 Canadian dollars", "12.00 CAD"),
        ("forty", "40.00"),
        ("forty bucks, no, fifty", "50.00 USD"),
    ],
)
def test_one_amount(text: str, amount: str) -> None:
    assert amounts(text) == [amount]


def test_four_figures_may_be_cents_too() -> None:
    assert amounts("1299.") == ["1299.00", "12.99"]
    assert amounts("$1299") == ["1299.00 USD"]


def test_one_decimal_may_be_cents() -> None:
    assert amounts("$17.5") == ["17.05 USD", "17.50 USD"]
    assert amounts("17.5 dollars") == ["17.50 USD"]


@pytest.mark.parametrize("text", ["", "nothing", "no money", "dollars"])
def test_no_amount(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize(("text", "is_open"), [("forty dollars and", True), ("forty, no", True), ("forty", False)])
def test_what_must_go_on(text: str, is_open: bool) -> None:
    assert money(text)[0].open is is_open


@given(st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2))
def test_every_amount_as_it_is_written(amount: Decimal) -> None:
    assert amounts(f"${amount:,.2f}") == [f"{amount:.2f} USD"]
