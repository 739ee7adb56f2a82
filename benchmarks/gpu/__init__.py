"""What only a GPU can prove, as one prepared command: `python -m benchmarks.gpu`, or `make proof-gpu`."""
