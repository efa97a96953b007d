"""Where things lie on disk: cohorts, runs and studies of one group of people.

The workspace is the folder that the environment variable `BRAINLAB_WORKSPACE` names, by default `data/default/` of the
checkout, or `~/brainlab` where brainlab was installed without one. Runs that ship with the checkout lie in `models/`,
and every workspace shows them.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MODELS = PROJECT / "models"
FEATURES = "features"
"""Folder of feature networks, of a workspace and of `MODELS`; a network is no run."""
RECORDS = "cross-validations"
"""Folder of what cross-validations found, of a workspace and of `MODELS`; it needs no runs."""
SHIPPED_COHORTS = PROJECT / "data" / "default" / "cohorts"
IN_CHECKOUT = (PROJECT / "pyproject.toml").is_file()
"""Whether this is a checkout, with the runs and cohorts that ship, and not an installed package."""

DEFAULT_WORKSPACE = PROJECT / "data" / "default" if IN_CHECKOUT else Path("~/brainlab")
APP = (PROJECT if IN_CHECKOUT else Path(__file__).with_name("_app")) / "app" / "main.py"
"""The script that Streamlit runs; the wheel carries `app/` and `pages/` under `brainlab/_app/`."""


def workspace() -> Path:
    """Return the workspace folder; it need not exist yet."""
    return Path(os.environ.get("BRAINLAB_WORKSPACE") or DEFAULT_WORKSPACE).expanduser().resolve()


def cohort_folders() -> list[Path]:
    """Prepared datasets of the workspace, by name."""
    return sorted(path.parent for path in (workspace() / "cohorts").glob("[!.]*/recipe.json"))


def run_folders() -> list[Path]:
    """Trained runs: those that ship in `models/`, then the workspace's own, by name."""
    folders = [MODELS, workspace() / "runs"]
    return [path.parent for folder in folders for path in sorted(folder.glob("[!.]*/config.json"))]


def feature_folders(name: str) -> list[Path]:
    """Places of a feature network of that name: the workspace's own, then the one that ships in `models/`."""
    return [folder / FEATURES / name for folder in (workspace(), MODELS)]


def network_folders() -> list[Path]:
    """Feature networks: the workspace's own, then those that ship in `models/`, by name."""
    folders = [folder / FEATURES for folder in (workspace(), MODELS)]
    return [path.parent for folder in folders for path in sorted(folder.glob("[!.]*/config.json"))]


def record_folders() -> list[Path]:
    """Folders of cross-validations and myelin reports: of those that ship, then of the workspace's own."""
    return [folder / RECORDS for folder in (MODELS, workspace())]


def studies_folder() -> Path:
    """Return the folder that holds one sub-folder per reading study."""
    return workspace() / "studies"


def pseudonyms_key() -> Path:
    """Return the file of the secret key under which this workspace hashes people; it never leaves the workspace."""
    return workspace() / "pseudonyms.key"
