"""Where the checkout is. Importing this lets a benchmark import the checkout's own `app`, which is not installed."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))
