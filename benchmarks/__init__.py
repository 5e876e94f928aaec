"""What is timed, against whom: ratios in one run on the same texts."""
