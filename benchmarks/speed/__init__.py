"""What the box costs: CPU time, memory, energy and latency, beside its peers."""
