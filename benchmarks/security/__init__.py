"""The parts of the proof of attacks: what each attack is, and what a command touches while strace looks on."""
