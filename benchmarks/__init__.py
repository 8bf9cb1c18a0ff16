"""What the project costs, measured against what people would use instead: `make bench`."""
