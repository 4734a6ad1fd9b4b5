"""`/usr/bin/python3 rtsp_gstreamer.py FILM PORT TRANSPORT [USER PASSWORD]`: an MP4 film as rtsp://…/film.

GStreamer's own server, as cameras and recorders have it: over `tcp` or `udp`, with sender reports, and with
digest authentication where a user is named. For Debian's Python, which has the bindings: imports nothing of
the project.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions first


def main(film: str, port: str, transport: str, user: str = "", password: str = "") -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(f'( filesrc location="{film}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 )')
    factory.set_protocols(getattr(GstRtsp.RTSPLowerTrans, transport.upper()))
    if user:
        auth = GstRtspServer.RTSPAuth.new()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest(user, password, token)
        server.set_auth(auth)
        rights = Gst.Structure.new_empty("viewer")
        rights.set_value("media.factory.access", True)
        rights.set_value("media.factory.construct", True)
        factory.add_role_from_structure(rights)
    server.get_mount_points().add_factory("/film", factory)
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
