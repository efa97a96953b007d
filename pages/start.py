"""Start: what is here, how it hangs together, what to do next, and a brain that moves at once."""

from app.screens.start.page import show

show()
