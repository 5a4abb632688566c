"""k-means on weighted points: a start, Lloyd's steps, exchanges out of local minima."""
