"""The reading room: the only page that a reader's personal link opens."""

from app.screens.reading_room.page import show

show()
