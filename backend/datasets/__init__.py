"""Datasets for fine-tuning: rows and their hash, splits, checks, formats, rephrased questions. Nothing here waits."""
