"""What `scripts/screenshots.py` takes pictures of."""

import sys
from pathlib import Path

# The scripted server, and how the extension is loaded, are the tests' own.
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
