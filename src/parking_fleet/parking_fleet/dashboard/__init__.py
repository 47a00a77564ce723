"""Show the fleet in a browser: pages drawn with NiceGUI, live without reload."""
