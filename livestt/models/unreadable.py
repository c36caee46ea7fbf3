"""What PyTorch, transformers and safetensors raise of model files that they cannot read."""

from __future__ import annotations

from pickle import UnpicklingError

_ERRORS: tuple[type[Exception], ...] = (
    *(OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError),
    *(EOFError, UnpicklingError),
)


def unreadable(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """For ``except``: these, and ``more``, say that the files are wrong, or no such model."""
    try:
        from safetensors import SafetensorError
    except ImportError:
        return (*_ERRORS, *more)
    return (*_ERRORS, *more, SafetensorError)
