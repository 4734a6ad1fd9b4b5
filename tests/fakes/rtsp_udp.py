"""`python -m tests.fakes.rtsp_udp FILM PORT`: loops a film as rtsp://127.0.0.1:PORT/stream, over UDP only."""

import sys
import time

import av
import rtsp

TICKS = 90_000


def main(film: str, port: str) -> None:
    server = rtsp.Server(f"127.0.0.1:{port}")
    server.start()
    while True:
        with av.open(film) as container:
            stream = container.streams.video[0]
            frame_s = 1 / float(stream.average_rate or 25)
            for packet in container.demux(stream):
                if packet.size:
                    server.send_frame(bytes(packet), round(frame_s * TICKS))
                    time.sleep(frame_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
