"""Measuring the box on recordings of which somebody has noted what is to be seen."""
