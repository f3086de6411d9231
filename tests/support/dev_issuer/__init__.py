"""A login for development: accounts with a password, tokens, and the keys that they are checked with."""
