"""The REST endpoints: one thin module per resource."""
