"""Study desk: design, lock, hand out, follow, close, unblind and report a blinded reading study."""

from app.screens.study.page import show

show()
