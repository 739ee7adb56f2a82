"""How well the box finds microsleeps, blinks and yawns: on simulated drivers, real people and real eyes."""
