"""How staff sign in, prove that it is still they, and are signed out again; Django and allauth find it by settings."""
