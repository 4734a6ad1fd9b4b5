"""One look at a stream or file: what is it?"""

from pathlib import Path
from typing import Any

from hypersight_core.errors import SourceUnavailable
from hypersight_core.redaction import redacted
from hypersight_core.video.access import Access
from hypersight_core.video.connecting import opened_stream
from hypersight_core.video.demux import Cut, video_stream
from hypersight_core.video.fetching import SegmentFetcher
from hypersight_core.video.film import opened_film
from hypersight_core.video.picture import Picture
from hypersight_core.video.pieces import ClockSource, Segment, StreamFacts
from hypersight_core.video.playlist import MediaPlaylist, media_playlist, variant_url
from hypersight_core.video.sampler import FrameSampler
from hypersight_core.video.timeline import utc_now
from hypersight_core.video.web import Web

USUAL_FRAME_S = 0.04


def film_facts(path: Path) -> StreamFacts:
    """Look at a file; raises SourceUnavailable."""
    with opened_film(path) as container:
        return _facts(container, is_live=False)


def stream_facts(url: str, access: Access) -> StreamFacts:
    """Connect to a stream; raises SourceUnavailable."""
    with opened_stream(url, access) as container:
        return _facts(container, is_live=True)


def playlist_facts(web: Web) -> StreamFacts:
    """Fetch the newest segment of a playlist and decode one frame of it; raises SourceUnavailable."""
    playlist, piece = _newest_piece(web)
    picture = _first_picture(piece)
    if picture is None:
        raise SourceUnavailable(f"{redacted(web.url)}: no frame of the newest segment can be decoded")
    return StreamFacts(
        codec=piece.coded[0].codec.name,
        width_px=picture.width_px,
        height_px=picture.height_px,
        fps=round(1 / piece.frame_s, 3) if len(piece.coded) > 1 else None,
        is_live=not playlist.is_ended,
    )


def _newest_piece(web: Web) -> tuple[MediaPlaylist, Cut]:
    body = web.get(web.url)
    variant = variant_url(body.data, body.url)
    if variant is not None:
        body = web.get(variant)
    playlist = media_playlist(body.data, body.url)
    if not playlist.entries:
        raise SourceUnavailable(
            f"{redacted(web.url)} lists no segments: the camera or its encoder has stopped"
        )
    return playlist, SegmentFetcher(web).cut(playlist.entries[-1], USUAL_FRAME_S)[1]


def _first_picture(piece: Cut) -> Picture | None:
    segment = Segment(
        utc_now(), piece.duration_s, True, ClockSource.WALL_CLOCK, piece.coded, piece.frame_s, is_last=True
    )
    return next(FrameSampler(1 / piece.duration_s).frames(segment), None)


def _facts(container: Any, *, is_live: bool) -> StreamFacts:
    stream = video_stream(container)
    context = stream.codec_context
    return StreamFacts(
        codec=context.codec.name,
        width_px=context.width,
        height_px=context.height,
        fps=float(stream.average_rate) if stream.average_rate else None,
        is_live=is_live,
    )
