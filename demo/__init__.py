"""The demonstration: a made-up drive through the whole appliance, and a check that it saw what was drawn."""
