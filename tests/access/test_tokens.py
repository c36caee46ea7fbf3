from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.access.keys import Grant, Keyring, parse_variable
from livestt.access.tokens import looks_like_one, seal, unseal
from livestt.errors import Unauthorized

RING = Keyring(parse_variable("alice:transcribe+view:0123456789abcdef:max_sessions=2", "KEYS"))
ALICE = Grant("alice", frozenset({"transcribe", "view"}), 2)
SECRET = b"between servers"
TOKEN = seal(replace(ALICE, scopes=frozenset({"view"})), 1000, SECRET, RING)


def test_a_token_stands_for_its_grant() -> None:
    found = unseal(TOKEN, 999.9, SECRET, RING)
    assert found == Grant("alice", frozenset({"view"}), 2, True, expires=1000)


def test_a_token_may_stand_for_one_session_only() -> None:
    narrow = replace(ALICE, scopes=frozenset({"view"}), session="Monday")
    token = seal(narrow, 1000, SECRET, RING)
    found = unseal(token, 0, SECRET, RING)
    assert (found.session, found.scopes) == ("Monday", {"view"})
    assert re.fullmatch(r"ek_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", token)


@pytest.mark.parametrize(
    ("scopes", "left"), [("transcribe", {"view"}), ("admin", {"view"}), ("view+metrics", set())]
)
def test_what_shows_one_session_needs_a_key_that_may_still_open_some(
    scopes: str, left: set[str]
) -> None:
    token = seal(replace(ALICE, scopes=frozenset({"view"}), session="s"), 9, SECRET, RING)
    now = Keyring(parse_variable(f"alice:{scopes}:0123456789abcdef", "KEYS"))
    assert unseal(token, 0, SECRET, now).scopes == left


def test_it_fits_into_a_subprotocol_and_an_address() -> None:
    assert looks_like_one(TOKEN)
    assert re.fullmatch(r"ek_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", TOKEN)


def test_it_ends() -> None:
    with pytest.raises(Unauthorized, match="expired"):
        unseal(TOKEN, 1000, SECRET, RING)


def test_it_ends_with_its_key() -> None:
    with pytest.raises(Unauthorized, match="no longer valid"):
        unseal(TOKEN, 0, SECRET, Keyring())


def test_it_ends_with_its_key_though_another_has_its_name() -> None:
    """A key that became known is replaced, most likely under the same name."""
    other = Keyring(parse_variable("alice:transcribe+view:fedcba9876543210", "KEYS"))
    with pytest.raises(Unauthorized, match="no longer valid"):
        unseal(TOKEN, 0, SECRET, other)


def test_it_is_worth_no_more_than_its_key_is_now() -> None:
    less = Keyring(parse_variable("alice:metrics:0123456789abcdef", "KEYS"))
    assert unseal(TOKEN, 0, SECRET, less).scopes == frozenset()


def test_another_server_does_not_take_it() -> None:
    with pytest.raises(Unauthorized, match="not issued by this server"):
        unseal(TOKEN, 0, b"another secret", RING)


@given(st.data())
def test_no_changed_token_is_taken(data: st.DataObject) -> None:
    place = data.draw(st.integers(3, len(TOKEN) - 2))  # the last character has spare bits
    letter = data.draw(st.characters(max_codepoint=0x17F).filter(lambda c: c != TOKEN[place]))
    with pytest.raises(Unauthorized):
        unseal(TOKEN[:place] + letter + TOKEN[place + 1 :], 0, SECRET, RING)


@given(st.text(max_size=80))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(Unauthorized):
        unseal(text, 0, SECRET, RING)
