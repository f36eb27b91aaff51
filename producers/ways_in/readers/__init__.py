"""Readers of national files, one module a format: bytes become rows, within bounds of memory."""
