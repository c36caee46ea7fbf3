from __future__ import annotations

import re

import pytest

from livestt import errors
from livestt.errors import BadRequest, ClientError, LivesttError, MissingExtra, SetupError


def family(root: type[LivesttError]) -> list[type[LivesttError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in family(child))]


OWN = [kind for kind in family(LivesttError) if kind.__module__ == "livestt.errors"]


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^[\s│]*[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert drawn == [kind.__name__ for kind in OWN[1:]]


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_codes_and_statuses(kind: type[LivesttError]) -> None:
    assert re.fullmatch("[a-z_]+", kind.code)
    assert issubclass(kind, ClientError) == (400 <= kind.http_status < 500)
    assert kind.close_code in (1007, 1008, 1011, 1012, 1013) or 4000 <= kind.close_code < 5000


@pytest.mark.parametrize(
    "kind", [k for k in OWN if issubclass(k, ClientError) and k is not ClientError],
    ids=lambda kind: kind.__name__,
)  # fmt: skip
def test_statuses_are_those_drawn(kind: type[LivesttError]) -> None:
    assert re.search(rf"── {kind.__name__} .* {kind.http_status}$", errors.__doc__ or "", re.M)


def test_codes_differ() -> None:
    assert len({kind.code for kind in OWN}) == len(OWN)


def test_a_missing_extra_says_how_to_install_it() -> None:
    error = MissingExtra("The thing", "things")
    assert isinstance(error, SetupError)
    assert str(error) == "The thing needs the extra 'things': ./scripts/install things"
    assert error.extra == "things"


def test_a_bad_request_can_name_the_field() -> None:
    assert BadRequest("too loud").param is None
    assert BadRequest("too loud", param="volume").param == "volume"


@pytest.mark.parametrize(
    "kind", [k for k in OWN if k.http_status in (429, 503)], ids=lambda kind: kind.__name__
)
def test_who_is_told_to_come_back_is_told_when(kind: type[LivesttError]) -> None:
    assert kind.retry_after is not None
    assert kind.retry_after >= 1
