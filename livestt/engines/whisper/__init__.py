"""What every Whisper engine shares, free of any model library: windows, prompts, word timing
and guards against the ways Whisper goes wrong."""
