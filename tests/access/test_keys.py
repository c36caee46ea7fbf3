from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.access.keys import (
    EVERYBODY,
    SCOPES,
    Key,
    Keyring,
    digest_of,
    parse_file,
    parse_scopes,
    parse_variable,
)
from livestt.errors import UnsupportedOption

SECRET = "0123456789abcdef"
HASH = digest_of(SECRET)

keys = st.builds(
    Key,
    st.from_regex(r"[A-Za-z0-9._@-]{1,64}", fullmatch=True),
    st.sets(st.sampled_from(SCOPES), min_size=1).map(frozenset),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.none() | st.integers(1, 999_999),
)


@given(st.lists(keys, max_size=5))
def test_a_file_says_what_was_written(written: list[Key]) -> None:
    text = "# keys\n\n" + "\n".join(f"{key.line()}  # of {key.name}" for key in written)
    assert parse_file(text, "keys") == written


def test_a_variable_holds_keys_as_people_write_them() -> None:
    text = f" {SECRET}, bob:{SECRET}1 ;\ncarol:metrics+view:{SECRET}2:max_sessions=3"
    text += f" d:view:sha256={HASH}"
    first, bob, carol, dave = parse_variable(text, "KEYS")
    assert (first.name, first.digest) == ("key1", HASH)
    assert first.scopes == bob.scopes == {"transcribe", "view"}
    assert (bob.name, carol.max_sessions, carol.scopes) == ("bob", 3, {"metrics", "view"})
    assert (dave.name, dave.digest) == ("d", HASH)
    assert parse_variable(" \n, ", "KEYS") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"a:view:{SECRET}", "sha256="),
        (f"sha256={HASH}", "name:scopes:key"),
        (f"a:see:sha256={HASH}", "scopes are"),
        (f"a::sha256={HASH}", "scopes are"),
        (f"a b:view:sha256={HASH}", "the name of a key"),
        (f"a:view:sha256={HASH[:-1]}", "64 hexadecimal digits"),
        (f"a:view:sha256={HASH}:max_sessions=0", "a number of at least 1"),
        (f"a:view:x:sha256={HASH}", "without other colons"),
    ],
)
def test_a_wrong_line_is_named_and_not_shown(text: str, says: str) -> None:
    with pytest.raises(UnsupportedOption, match=says) as caught:
        parse_file("\n" + text, "keys")
    assert str(caught.value).startswith("keys, line 2: ")
    assert SECRET not in str(caught.value)
    assert HASH[:-1] not in str(caught.value)


def test_short_keys_are_refused() -> None:
    with pytest.raises(UnsupportedOption, match="KEYS, key 2: a key needs at least 16"):
        parse_variable(f"{SECRET} short", "KEYS")


def test_names_are_unique() -> None:
    with pytest.raises(UnsupportedOption, match="two API keys named a"):
        Keyring(parse_variable(f"a:{SECRET} a:{SECRET}2", "KEYS"))


def test_scopes_need_a_name() -> None:
    with pytest.raises(UnsupportedOption, match="--scope"):
        parse_scopes([], "--scope")


@given(st.text(max_size=40))
def test_only_the_key_itself_is_found(presented: str) -> None:
    ring = Keyring(parse_variable(f"other:{SECRET}x a:{SECRET}", "KEYS"))
    found = ring.find(presented)
    assert found is None or presented == SECRET
    mine = ring.find(SECRET)
    assert mine is not None
    assert mine.name == "a"


def test_an_administrator_may_everything() -> None:
    (key,) = parse_variable(f"root:admin:{SECRET}", "KEYS")
    assert all(key.grant().allows(scope) for scope in SCOPES)
    assert all(EVERYBODY.allows(scope) for scope in SCOPES)
