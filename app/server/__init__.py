"""The side of the app that answers requests: routes, access, signed links, headers."""
