"""Whether every alert arrives: boxes and brokers that are killed, and fleets of simulated boxes."""
