"""Figures that stay alive on a page with no kernel: numbers from torch, a picture, a small script.

`figure` holds what every kind shares; one module a kind embeds the numbers, and the files of the
same kind in `static/` show them.
"""
