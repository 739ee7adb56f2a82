"""A fleet of simulated boxes on one broker: the boxes, the processes they live in, and a backend that adds them up."""
