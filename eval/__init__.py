"""Data set construction, metrics, benchmarks and the tables of the paper."""
