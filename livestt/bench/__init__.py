"""Measuring: live servers, engines and files. Behind ``livestt bench``; needs the extra ``bench``.

::

    manifest -> streams -> load (wire, witness) -> judge -> live -> report, plot
                            |  one per session      pure
                           watch: CPU and memory of the server

``text``, ``alignment``, ``witness``, ``judge`` and ``figures`` are pure: what is measured is
defined there, and nowhere else. ``docs/benchmarks.md`` says the same in words. ``probing`` takes
notes on one file's way through the pipeline, and ``diagnosis`` judges them, purely.
"""
