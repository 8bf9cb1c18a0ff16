"""What autograd recorded, and what flows back through it."""
