"""Cohort: whose scans are here, and could a scanner's settings tell their classes apart?"""

from app.screens.cohort.page import show

show()
