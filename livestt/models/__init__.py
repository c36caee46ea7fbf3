"""Where Whisper weights come from: a folder, the cache, or the Hugging Face hub.

`resolve` turns what people write (``base``, ``org/name``, ``./folder``) into a folder that
CTranslate2 can load, and fetches or converts it first where that is needed.
"""

from livestt.models.locate import resolve

__all__ = ["resolve"]
