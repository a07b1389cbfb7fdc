"""The processes of one server, as one of them sees the others."""
