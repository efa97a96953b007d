"""LDA: can the classes be told apart in a run's latent space, and is it disease that tells them apart?"""

from app.screens.lda.page import show

show()
