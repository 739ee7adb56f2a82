"""The driver is warned on the spot: from an alert to a tone, a lamp or a seat shaker, past network, disk and outbox."""
