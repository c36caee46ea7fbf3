"""Wire dialects: pure translators between a session's events and what a client speaks."""
