"""The driver of `make demo`: the whole main job on one machine without Docker.

`story` is the order of things; every other file is one thing that it needs. Knows addresses, never trips or models.
"""
