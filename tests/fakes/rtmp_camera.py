"""`python -m tests.fakes.rtmp_camera FILM URL`: sends a film to an RTMP server, at its own speed."""

import sys
import time

import av


def main(film: str, url: str) -> None:
    with av.open(film) as given, av.open(url, "w", format="flv") as sent:
        stream = given.streams.video[0]
        copy = sent.add_stream_from_template(stream)
        began_s = time.monotonic()
        for packet in given.demux(stream):
            if packet.dts is not None and packet.size:
                time.sleep(max(0.0, began_s + float(packet.dts * packet.time_base) - time.monotonic()))
                packet.stream = copy
                sent.mux(packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
