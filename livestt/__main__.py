"""``python -m livestt`` is the ``livestt`` command."""

from livestt.cli import main

main()
