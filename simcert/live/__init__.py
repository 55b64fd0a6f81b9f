"""Adapters, one file per product; the only place with sockets and the wall clock."""
