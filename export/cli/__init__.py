"""Commands of the export stage; each loads its heavy libraries when it is called."""
