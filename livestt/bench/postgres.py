"""A PostgreSQL server of our own on this machine, for the length of a measurement."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livestt.bench.chaos import free_port
from livestt.errors import SetupError

USER = "livestt"


def programs() -> Path | None:
    """Where PostgreSQL's programs are; None if they are not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian's
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def postgres(network: str | None = None, host: str = "127.0.0.1") -> Iterator[str]:
    """An empty database inside the block; yields its address.

    Args:
        network: that it also serves, unasked who they are; such as ``192.0.2.0/24``.
        host: in the address that is yielded.

    Root may not run PostgreSQL: the user ``postgres``, which its packages make, does then.

    Raises:
        SetupError: it is not installed, or does not start.
    """
    where = programs()
    if where is None:
        raise SetupError("PostgreSQL is not installed (Debian: apt-get install postgresql).")
    root = os.geteuid() == 0
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if root:
            shutil.chown(folder, "postgres", "postgres")

        def run(program: str, *arguments: str) -> None:
            done = subprocess.run(
                [where / program, "-D", f"{folder}/data", *arguments],
                user="postgres" if root else None,
                group="postgres" if root else None,
                extra_groups=[] if root else None,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            if done.returncode:
                raise SetupError(f"{program} failed: {done.stderr.strip()}")

        run("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale", "C")
        if network is not None:
            with Path(folder, "data", "pg_hba.conf").open("a", encoding="ascii") as rules:
                rules.write(f"host all all {network} trust\n")
        listening = "127.0.0.1" if network is None else "*"
        options = f"-p {port} -k {folder} -c listen_addresses={listening}"
        run("pg_ctl", "-w", "-o", options, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql://{USER}@{host}:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
