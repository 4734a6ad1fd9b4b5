"""The HTTP API, the faces websocket and the web page."""
