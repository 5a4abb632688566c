"""k-means on weighted points: initialisation, Lloyd steps, exchanges out of local minima."""
