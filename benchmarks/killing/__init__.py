"""What is left of the alerts when a box or its broker is killed: the box, the witness, the evidence of the files."""
