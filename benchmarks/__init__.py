"""Speed of cnnc beside PyTorch on the same inputs: `python -m benchmarks` in a checkout. See docs/performance.md."""
