"""One archive of wheels and weights that installs kouyu on a machine without a network."""
