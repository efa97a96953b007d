"""Leaderboard: how do the runs compare, metric by metric?"""

from app.screens.leaderboard.page import show

show()
