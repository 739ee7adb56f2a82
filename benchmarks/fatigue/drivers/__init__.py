"""Simulated drivers, the measurements that a camera would give of them, and the decisions of the box."""
