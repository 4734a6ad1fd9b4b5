select
    camera_id,
    reason,
    frames_wanted,
    frames_detected,
    rollup.watched_share(frames_wanted, frames_detected, reason) as watched_share,
    from_at,
    to_at
from {{ source('hypersight', 'observation') }}
