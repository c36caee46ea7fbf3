"""The commands that install an extra: optional packages that a feature of livestt needs."""

from __future__ import annotations

from pathlib import Path

_ORIGIN = "git+https://github.com/livestt/livestt"
IN_CHECKOUT = (Path(__file__).parent.parent / "scripts" / "install").is_file()
"""Whether livestt runs from a checkout, which has scripts."""


def install_command(extra: str = "", *, in_checkout: bool = IN_CHECKOUT) -> str:
    """What installs livestt with an extra, where the running one was installed.

    Args:
        extra: its name in ``pyproject.toml``; "" for livestt alone.
        in_checkout: whether livestt runs from a checkout, whose script knows what to do. Elsewhere
            pip needs the address: the package called livestt on PyPI is another project.
    """
    if in_checkout:
        return f"./scripts/install {extra}".rstrip()
    name = f"livestt[{extra}]" if extra else "livestt"
    return f"pip install '{name} @ {_ORIGIN}'"
