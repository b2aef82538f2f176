"""Sums, means, rankings and histograms along axes."""
