"""Speakers named and merged over HTTP: while somebody speaks, in every dialect, and afterwards."""

from __future__ import annotations
