"""A server in several processes: a parent that accepts connections, and workers that serve them."""
