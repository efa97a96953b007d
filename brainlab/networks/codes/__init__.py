"""What stands between an encoder and a decoder: codebooks, and distributions of codes that are learnt."""
