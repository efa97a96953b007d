"""`python -m brainlab`."""

import sys

from brainlab.cli import main

sys.exit(main())
