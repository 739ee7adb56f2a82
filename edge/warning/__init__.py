"""Warnings in the cab: from an alert to a tone, a lamp or a seat shaker, without network, disk or outbox."""
