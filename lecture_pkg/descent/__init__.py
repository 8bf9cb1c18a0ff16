"""Gradient descent: objectives, paths, grids of paths, minima, and still pictures of them."""
