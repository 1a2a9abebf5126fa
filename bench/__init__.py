"""The benchmarks behind docs/benchmarks.md. Run on a machine that does nothing else: `make bench`."""
