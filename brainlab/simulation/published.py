"""Whom the FLAIR IntroVAE paper scanned: what a simulated cohort is drawn after."""

PUBLISHED_PARTICIPANTS = {"healthy": 1855.0, "ms": 616.0, "leuko1": 384.0, "leuko2": 40.0, "leuko3": 201.0}
"""Participants by class, table 1 of the paper."""

CLASSES = tuple(PUBLISHED_PARTICIPANTS)
"""Healthy, multiple sclerosis, leukoencephalopathy of severity 1 to 3."""
