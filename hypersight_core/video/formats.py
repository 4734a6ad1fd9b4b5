"""What FFmpeg may take bytes for: nothing that names other files or addresses, as playlists do."""

_NAMES = (
    "mov", "matroska", "mpegts", "mpeg", "avi", "flv", "asf", "ogg", "nut", "mxf", "dv", "ivf", "wtv", "gif",
    "mjpeg", "mpjpeg", "h264", "hevc", "m4v", "mpegvideo", "yuv4mpegpipe",
)  # fmt: skip
_FORMATS = {"format_whitelist": ",".join(_NAMES)}

BYTES_ONLY = {**_FORMATS, "protocol_whitelist": "none"}
"""For bytes that come from us: FFmpeg opens nothing by itself."""
FILE_ONLY = {**_FORMATS, "protocol_whitelist": "file"}
