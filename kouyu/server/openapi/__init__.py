"""What the OpenAPI document says, and the page that shows it."""
