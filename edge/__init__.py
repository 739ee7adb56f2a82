"""The appliance: a bundle, a camera and a microphone in; alerts, summaries, a timeline and a dashboard out."""
