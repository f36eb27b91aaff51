"""Whom this installation trusts: the directory and its versions, keys, and the people who confirm them."""
