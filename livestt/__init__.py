"""livestt: self-hosted, real-time speech-to-text. Importing it does nothing but define names."""

__version__ = "0.1.0"
