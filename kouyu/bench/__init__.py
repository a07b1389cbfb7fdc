"""Benchmarks of a server from the clients' side: latency, capacity, and memory over time."""
