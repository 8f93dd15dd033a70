"""One chart form per module: a tidy frame and words in, a matplotlib figure out."""
